#include "diagnose/unwinder.hpp"

#include "arch/code.hpp"
#include "arch/unwind.hpp"
#include "diagnose/eh_tables.hpp"

#include <algorithm>
#include <unordered_map>

namespace threadfault::diagnose {
namespace {

// A backtrace as it was once found, to be compared with: see Implementation::repeat.
struct Step {
    std::uint64_t ip = 0;
    std::uint64_t stack_offset = 0;  // of this frame's stack pointer from the innermost one
    bool signal = false;
    // Offset of the slot that holds its frame pointer; kNone: a register.
    std::uint64_t frame_pointer_at = 0;
    std::uint64_t frame_pointer = 0;  // its value, as an offset; kNone: does not point there
};
constexpr std::uint64_t kNone = UINT64_MAX;
constexpr unw_regnum_t kFramePointer = wire::kRegisterBp;
constexpr std::uint64_t kFar = 1 << 20;  // no offset of a stack copy is as large

// From 1.7 on libunwind has a public call for callers with tables of their own.
#ifdef unw_get_proc_info_in_range
int search(const EhTable& table, unw_addr_space_t space, unw_word_t ip, unw_proc_info_t* found,
           int need_unwind_info, void* argument) {
    const std::uint64_t length = table.entries - table.header + table.count * 8;
    // 0, 0: no table of the form that 32-bit ARM has.
    return unw_get_proc_info_in_range(table.begin, table.end, table.header, length, 0, 0, space, ip,
                                      found, need_unwind_info, argument);
}
#else
int search(const EhTable& table, unw_addr_space_t space, unw_word_t ip, unw_proc_info_t* found,
           int need_unwind_info, void* argument) {
    unw_dyn_info_t info{};
    info.format = UNW_INFO_FORMAT_REMOTE_TABLE;
    info.start_ip = table.begin;
    info.end_ip = table.end;
    info.u.rti.segbase = table.header;
    info.u.rti.table_data = table.entries;
    info.u.rti.table_len = table.count * 8 / sizeof(unw_word_t);
    return arch::search_unwind_table(space, ip, &info, found, need_unwind_info, argument);
}
#endif

}  // namespace

struct Unwinder::Implementation {
    Implementation(observe::Maps mappings, RemoteMemory bytes)
        : maps(std::move(mappings)), memory(std::move(bytes)), tables(maps, memory) {
        // By name: libunwind 1.8 has more members than 1.6, and what is not set stays null.
        static unw_accessors_t accessors = [] {
            unw_accessors_t calls{};
            calls.find_proc_info = find_proc_info;
            calls.put_unwind_info = put_unwind_info;
            calls.get_dyn_info_list_addr = dynamic_list;
            calls.access_mem = access_memory;
            calls.access_reg = access_register;
            calls.access_fpreg = access_float;
            calls.resume = resume;
            calls.get_proc_name = proc_name;
            return calls;
        }();
        space = unw_create_addr_space(&accessors, 0);
        // One process, one life: what was learnt of an address stays true.
        unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
        unw_set_cache_size(space, 4096, 0);
    }
    ~Implementation() { unw_destroy_addr_space(space); }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    static Implementation& of(void* argument) { return *static_cast<Implementation*>(argument); }

    static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t* found,
                              int need_unwind_info, void* argument) {
        const EhTable* const table = of(argument).tables.find(ip);
        if (table == nullptr) return -UNW_ENOINFO;
        return search(*table, space, ip, found, need_unwind_info, argument);
    }
    static void put_unwind_info(unw_addr_space_t, unw_proc_info_t*, void*) {}
    static int dynamic_list(unw_addr_space_t, unw_word_t*, void*) { return -UNW_ENOINFO; }
    static int access_memory(unw_addr_space_t, unw_word_t address, unw_word_t* value, int write,
                             void* argument) {
        if (write != 0) return -UNW_EINVAL;
        Implementation& self = of(argument);
        const auto word = self.memory.word(address, self.stack);
        if (!word) return -UNW_EINVAL;
        *value = *word;
        return 0;
    }
    static int access_register(unw_addr_space_t, unw_regnum_t number, unw_word_t* value, int write,
                               void* argument) {
        if (write != 0 || number < 0 || static_cast<std::size_t>(number) >= wire::kRegisters) {
            return -UNW_EBADREG;
        }
        if ((of(argument).known >> number & 1) == 0) return -UNW_EBADREG;
        *value = of(argument).registers[static_cast<std::size_t>(number)];
        return 0;
    }
    static int access_float(unw_addr_space_t, unw_regnum_t, unw_fpreg_t*, int, void*) {
        return -UNW_EBADREG;
    }
    static int resume(unw_addr_space_t, unw_cursor_t*, void*) { return -UNW_EINVAL; }
    static int proc_name(unw_addr_space_t, unw_word_t, char*, size_t, unw_word_t*, void*) {
        return -UNW_ENOINFO;
    }

    std::uint64_t offset(std::uint64_t address) const {
        const std::uint64_t distance = address - registers[wire::kRegisterSp];
        return distance < kFar ? distance : kNone;
    }

    // `saved`: of each step; may be nullptr.
    std::vector<Step> walk(std::size_t limit, std::vector<SavedRegisters>* saved) {
        std::vector<Step> steps;
        unw_cursor_t cursor;
        if (unw_init_remote(&cursor, space, this) != 0) return steps;
        std::uint64_t above = 0;
        bool marked_before = false;
        while (steps.size() < limit) {
            unw_word_t ip = 0;
            unw_word_t top = 0;
            unw_word_t pointer = 0;
            if (unw_get_reg(&cursor, UNW_REG_IP, &ip) != 0 || ip == 0) break;
            unw_get_reg(&cursor, UNW_REG_SP, &top);
            unw_get_reg(&cursor, kFramePointer, &pointer);
            // A frame that is not above the last one leads in circles, but for a change of stacks
            // at a signal's frame. Where a call pushes nothing, a function has the stack pointer of
            // its caller until it makes a frame: only the innermost one has none.
            const bool marked = unw_is_signal_frame(&cursor) > 0;
            const bool signal = arch::kTrampolineIsSignalFrame ? marked_before : marked;
            marked_before = marked;
            if (!steps.empty() && !signal) {
                const bool frameless =
                    !arch::kCallPushes && (steps.size() == 1 || steps.back().signal);
                if (frameless ? top < above : top <= above) break;
            }
            above = top;
            unw_save_loc_t pushed{};
            unw_get_save_loc(&cursor, kFramePointer, &pushed);
            Step& step = steps.emplace_back();
            step.ip = ip;
            step.stack_offset = offset(top);
            step.signal = signal;
            step.frame_pointer_at = pushed.type == UNW_SLT_MEMORY ? offset(pushed.u.addr) : kNone;
            step.frame_pointer = offset(pointer);
            if (saved != nullptr) saved->push_back(saved_registers(cursor));
            if (unw_step(&cursor) <= 0) break;
        }
        return steps;
    }

    static SavedRegisters saved_registers(unw_cursor_t& cursor) {
        SavedRegisters values{};
        for (std::size_t i = 0; i < values.size(); ++i) {
            unw_word_t value = 0;
            if (unw_get_reg(&cursor, static_cast<unw_regnum_t>(arch::kSaved[i]), &value) == 0) {
                values[i] = value;
            }
        }
        return values;
    }

    // Many threads of a pool stand at the same place. Does this one's stack have the same return
    // addresses and frame pointers at the same offsets? The place of each return address follows
    // from the code at the one before and from the frame pointer, so equal ones mean an equal walk.
    // That is so where a call pushes its return address.
    bool repeats(const std::vector<Step>& steps) {
        if constexpr (!arch::kCallPushes) return false;
        const std::uint64_t base = registers[wire::kRegisterSp];
        if (offset(registers[wire::kRegisterBp]) != steps.front().frame_pointer) return false;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const Step& step = steps[i];
            if (step.signal || step.stack_offset == kNone) return false;
            if (i > 0) {
                const auto word = memory.word(base + step.stack_offset - 8, stack);
                if (!word || *word != step.ip) return false;
            }
            if (step.frame_pointer_at != kNone) {
                const auto word = memory.word(base + step.frame_pointer_at, stack);
                if (!word || offset(*word) != step.frame_pointer) return false;
            }
        }
        return true;
    }

    observe::Maps maps;
    RemoteMemory memory;
    EhTables tables;
    unw_addr_space_t space = nullptr;
    Registers registers{};
    KnownRegisters known = kAllKnown;
    StackCopy stack;
    std::unordered_map<std::uint64_t, std::vector<std::vector<Step>>> seen;  // by the innermost ip
};

Unwinder::Unwinder(const observe::Process& process)
    : implementation_(
          std::make_unique<Implementation>(observe::Maps(process), RemoteMemory(process.pid()))) {}
Unwinder::Unwinder(observe::Maps maps, RemoteMemory::Source memory)
    : implementation_(
          std::make_unique<Implementation>(std::move(maps), RemoteMemory(std::move(memory)))) {}
Unwinder::~Unwinder() = default;

std::vector<RawFrame> Unwinder::unwind(const Registers& registers, const StackCopy& stack,
                                       std::size_t limit, bool with_saved, KnownRegisters known) {
    constexpr std::size_t kMostShapes = 16;
    Implementation& self = *implementation_;
    self.registers = registers;
    self.known = known;
    self.stack = stack;
    auto& shapes = self.seen[registers[wire::kRegisterIp]];
    const std::vector<Step>* steps = nullptr;
    for (const std::vector<Step>& shape : shapes) {
        if (with_saved) break;
        if (shape.size() <= limit && !shape.empty() && self.repeats(shape)) {
            steps = &shape;
            break;
        }
    }
    std::vector<Step> walked;
    std::vector<SavedRegisters> saved;
    if (steps == nullptr) {
        walked = self.walk(limit, with_saved ? &saved : nullptr);
        steps = &walked;
        if (shapes.size() < kMostShapes && walked.size() < limit) {
            steps = &shapes.emplace_back(std::move(walked));
        }
    }
    std::vector<RawFrame> frames;
    frames.reserve(steps->size());
    const std::uint64_t base = registers[wire::kRegisterSp];
    for (const Step& step : *steps) {
        RawFrame& frame = frames.emplace_back();
        frame.ip = step.ip;
        frame.stack_pointer = step.stack_offset == kNone ? 0 : base + step.stack_offset;
        frame.signal = step.signal;
        if (frames.size() <= saved.size()) frame.saved = saved[frames.size() - 1];
    }
    return frames;
}

std::optional<FunctionInfo> Unwinder::function_at(std::uint64_t ip) {
    unw_proc_info_t info{};
    if (unw_get_proc_info_by_ip(implementation_->space, ip, &info, implementation_.get()) != 0) {
        return std::nullopt;
    }
    return FunctionInfo{info.start_ip, info.end_ip, info.lsda, info.handler};
}

std::string Unwinder::file_without_table(std::uint64_t ip) {
    const observe::Mapping* const mapping = maps().find(ip);
    if (mapping == nullptr || mapping->inode == 0) return {};
    return implementation_->tables.find(ip) == nullptr ? mapping->path : std::string();
}

bool Unwinder::is_trampoline(std::uint64_t ip) {
    std::array<unsigned char, arch::kTrampoline.size()> code{};
    return memory().read(ip, code.data(), code.size()) && code == arch::kTrampoline;
}

RemoteMemory& Unwinder::memory() noexcept {
    return implementation_->memory;
}

const observe::Maps& Unwinder::maps() const noexcept {
    return implementation_->maps;
}

}  // namespace threadfault::diagnose
