#include "observe/code_places.hpp"

#include "arch/code.hpp"
#include "observe/maps.hpp"
#include "observe/symbols.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace threadfault::observe {
namespace {

// glibc's, with the libraries that its parts were before 2.34, and musl's.
bool is_libc_file(std::string_view path) {
    const std::string_view name = file_name(path);
    return name == "libc.so.6" || name.starts_with("libpthread.so.") ||
           name.starts_with("libc.musl") || name.starts_with("ld-musl") || name == "libc.so";
}

// In a static program libc's functions are told from the program's by name alone. What begins with
// two underscores is reserved to the implementation.
bool is_libc_function(std::string_view name) {
    return name.starts_with("__") || name.starts_with("futex_") || name.starts_with("lll_") ||
           name == "syscall" || find_wait_call(name) != nullptr;
}

std::uint64_t inode_of(const std::string& path) {
    struct stat information {};
    return stat(path.c_str(), &information) == 0 ? information.st_ino : 0;
}

}  // namespace

CodePlaces::CodePlaces(const Process& process, const Memory& memory, Names names)
    : process_(process),
      memory_(memory.remembering()),
      named_(names),
      imports_([this](std::uint64_t address, void* buffer, std::size_t length) {
          return memory_.read(address, buffer, length);
      }) {}

void CodePlaces::load() {
    know(loaded_modules(process_, memory_));
}

void CodePlaces::know(std::vector<LoadedModule> modules) {
    loaded_ = true;
    for (LoadedModule& loaded : modules) {
        auto module = std::make_unique<Module>();
        module->libc = is_libc_file(loaded.path);
        module->loaded = std::move(loaded);
        modules_.push_back(std::move(module));
    }
    static_program_ = modules_.size() == 1;
}

CodePlaces::Module* CodePlaces::module_of(std::uint64_t address) {
    if (!loaded_) load();
    for (const auto& module : modules_) {
        for (const LoadedModule::Part& part : module->loaded.parts) {
            if (address >= part.begin && address < part.end) return module.get();
        }
    }
    return nullptr;
}

const ExportedSymbols& CodePlaces::exported(Module& module) {
    if (module.exports_read || module.loaded.parts.empty()) return module.exported;
    module.exports_read = true;
    const ReadMemory read = [this](std::uint64_t address, void* buffer, std::size_t length) {
        return memory_.read(address, buffer, length);
    };
    if (!static_program_) module.exported.read(read, module.loaded.parts.front().begin);
    return module.exported;
}

const ElfSymbols& CodePlaces::all(Module& module) {
    if (module.opened || module.loaded.parts.empty()) return module.all;
    module.opened = true;
    const LoadedModule::Part& first = module.loaded.parts.front();
    Mapping mapping;
    mapping.begin = first.begin;
    mapping.end = first.end;
    mapping.offset = first.offset;
    mapping.path = module.loaded.path;
    if (&module == modules_.front().get()) mapping.inode = inode_of(process_.exe_path());
    if (!files_) files_ = std::make_unique<ModuleFiles>(process_);
    module.file = files_->open(mapping);
    if (module.file) module.all.add(*module.file);
    return module.all;
}

UnwindRules& CodePlaces::rules(Module& module) {
    if (module.rules_ready) return module.rules;
    module.rules_ready = true;
    if (module.loaded.unwind_header != 0) {
        module.rules = UnwindRules(memory_, module.loaded.unwind_header);
        return module.rules;
    }
    // Linked without a search table, as static programs are.
    all(module);
    if (module.file) {
        if (const auto frames = module.file->section(".eh_frame")) {
            module.rules =
                UnwindRules(memory_, module.loaded.bias + frames->sh_addr, frames->sh_size);
        }
    }
    return module.rules;
}

std::string CodePlaces::function_at(Module& module, std::uint64_t address) {
    if (static_program_) {
        const ElfSymbols& table = all(module);
        const ElfSymbols::Entry* const entry = table.find(address - module.loaded.bias);
        return entry != nullptr && entry->is_function ? table.name(*entry) : std::string();
    }
    const ExportedSymbols::Entry* const entry = exported(module).find(address);
    return entry != nullptr && entry->is_function ? std::string(entry->name) : std::string();
}

const CodePlace& CodePlaces::at(std::uint64_t address, bool returned_to) {
    auto& known = returned_to ? returns_ : places_;
    const auto found = known.find(address);
    if (found != known.end()) return found->second;
    return known.emplace(address, look(address, returned_to)).first->second;
}

CodePlace CodePlaces::look(std::uint64_t address, bool returned_to) {
    CodePlace place;
    // A call may be its function's last instruction.
    const std::uint64_t inside = returned_to ? address - 1 : address;
    Module* const module = module_of(inside);
    if (module == nullptr) return place;
    place.known = true;
    place.libc = module->libc;
    if (named_ == Names::with) place.function = function_at(*module, inside);
    if (static_program_) place.libc = is_libc_function(place.function);
    place.rule = rules(*module).at(inside);
    if (returned_to) find_callee(address, *module, &place);
    if (named_ == Names::without) return place;
    place.waits = find_wait_call(place.function);
    if (place.waits == nullptr && place.libc && place.rule) {
        place.waits = call_that_jumps_to(*module, place.rule->begin);
    }
    place.callee_waits = find_wait_call(place.callee);
    return place;
}

void CodePlaces::find_callee(std::uint64_t address, Module& module, CodePlace* place) {
    BytesBeforeReturn bytes{};
    if (!memory_.read(address - bytes.size(), bytes.data(), bytes.size())) return;
    const std::uint64_t base = module.loaded.parts.front().begin;
    if (const auto slot = called_slot(bytes, address)) {
        place->after_call = true;
        if (named_ == Names::without) return;
        place->callee = imports_.at(base, *slot);
        place->argument = argument_before(address - arch::kSlotCall);
        return;
    }
    if (const auto target = direct_target(bytes, address)) {
        Module* const home = module_of(*target);
        if (home == &module) {
            place->after_call = true;
            place->callee_begin = *target;
            if (named_ == Names::without) return;
            place->argument = argument_before(address - arch::kDirectCall);
            StubBytes stub{};
            memory_.read(*target, stub.data(), stub.size());
            if (const auto slot = slot_of_stub(stub, *target)) {
                place->callee = imports_.at(base, *slot);
            } else if (module.libc || static_program_) {
                place->callee = function_at(module, *target);
            }
            return;
        }
    }
    place->after_call = is_indirect_call(bytes);
}

std::uint64_t CodePlaces::argument_before(std::uint64_t call_address) const {
    BytesBeforeReturn bytes{};
    if (!memory_.read(call_address - bytes.size(), bytes.data(), bytes.size())) return 0;
    return first_argument(bytes, call_address).value_or(0);
}

const WaitCall* CodePlaces::call_that_jumps_to(Module& module, std::uint64_t begin) {
    if (!jumps_followed_) follow_jumps(module);
    const auto found = jumped_to_.find(begin);
    return found != jumped_to_.end() ? found->second : nullptr;
}

void CodePlaces::follow_jumps(Module& module) {
    jumps_followed_ = true;
    if (static_program_) {
        const ElfSymbols& table = all(module);
        for (const ElfSymbols::Entry& entry : table.entries()) {
            const WaitCall* const call =
                entry.is_function ? find_wait_call(table.name(entry)) : nullptr;
            if (call != nullptr) {
                follow_jumps_of(*call, entry.address + module.loaded.bias, entry.size);
            }
        }
        return;
    }
    for (const ExportedSymbols::Entry& entry : exported(module).entries()) {
        const WaitCall* const call = entry.is_function ? find_wait_call(entry.name) : nullptr;
        if (call != nullptr) follow_jumps_of(*call, entry.address, entry.size);
    }
}

void CodePlaces::follow_jumps_of(const WaitCall& call, std::uint64_t address, std::uint64_t size) {
    constexpr std::uint64_t kLargestFunction = 8192;
    if (size == 0 || size > kLargestFunction) return;
    std::vector<unsigned char> code(size);
    if (!memory_.read(address, code.data(), code.size())) return;
    for (const std::uint64_t target : jump_targets(code, address)) {
        if (target >= address && target < address + size) continue;
        const auto [known, fresh] = jumped_to_.try_emplace(target, &call);
        if (fresh || known->second == nullptr) continue;
        if (known->second->kind != call.kind) {
            known->second = nullptr;
        } else if (call.name.size() < known->second->name.size()) {
            known->second = &call;  // the plain one of pthread_join and pthread_timedjoin_np
        }
    }
}

std::string CodePlaces::function_at(std::uint64_t address) {
    Module* const module = module_of(address);
    return module != nullptr ? function_at(*module, address) : std::string();
}

const std::string& CodePlaces::full_name(std::uint64_t address) {
    const auto [name, fresh] = names_.try_emplace(address);
    if (!fresh) return name->second;
    Module* const module = module_of(address);
    if (module == nullptr) return name->second;
    std::string function = function_at(*module, address);
    if (function.empty()) {
        const ElfSymbols& table = all(*module);
        const ElfSymbols::Entry* const entry = table.find(address - module->loaded.bias);
        if (entry != nullptr && entry->is_function) function = table.name(*entry);
    }
    name->second = without_parameters(demangle(function.c_str()));
    return name->second;
}

std::string_view CodePlaces::library_of(std::uint64_t address) {
    const Module* const module = module_of(address);
    if (module == nullptr || module == modules_.front().get()) return {};
    return file_name(module->loaded.path);
}

std::optional<std::uint64_t> CodePlaces::address_in_libc(std::string_view name) {
    if (!loaded_) load();
    for (const auto& module : modules_) {
        if (!module->libc && !static_program_) continue;
        if (!static_program_) {
            if (const auto address = exported(*module).address_of(name)) return address;
        } else if (const auto address = all(*module).address_of(name)) {
            return *address + module->loaded.bias;
        }
    }
    return std::nullopt;
}

}  // namespace threadfault::observe
