#include "observe/frame_program.hpp"

#include "arch/registers.hpp"

#include <cstring>
#include <string_view>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr std::uint32_t kLargestRecord = 1 << 16;

constexpr std::uint64_t kFramePointer = arch::kFramePointer;
constexpr std::uint64_t kStackPointer = arch::kStackPointer;
constexpr std::uint64_t kReturnAddress = arch::kReturnAddress;

// Encodings of pointers (Linux Standard Base 5.0, 10.5): how long, and from where.
constexpr unsigned char kAbsolute8 = 0x00;
constexpr unsigned char kUnsigned4 = 0x03;
constexpr unsigned char kSigned4 = 0x0b;
constexpr unsigned char kSigned8 = 0x0c;
constexpr unsigned char kFormat = 0x0f;
constexpr unsigned char kRelativeToItself = 0x10;
constexpr unsigned char kFrom = 0x70;

// Bytes that are where they are in the process. What goes beyond the end reads as 0 and is bad.
class Cursor {
public:
    Cursor(const std::vector<unsigned char>& bytes, std::uint64_t address)
        : bytes_(bytes), address_(address) {}

    bool good() const noexcept { return good_; }
    bool at_end() const noexcept { return !good_ || at_ >= bytes_.size(); }
    std::uint64_t address() const noexcept { return address_ + at_; }

    template <typename T>
    T take() {
        T value{};
        if (bytes_.size() - at_ < sizeof value) {
            good_ = false;
            return value;
        }
        std::memcpy(&value, &bytes_[at_], sizeof value);
        at_ += sizeof value;
        return value;
    }
    std::uint64_t take_unsigned() {  // LEB128
        std::uint64_t value = 0;
        for (unsigned shift = 0; good_ && shift < 64; shift += 7) {
            const auto byte = take<unsigned char>();
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80) == 0) return value;
        }
        good_ = false;
        return 0;
    }
    std::int64_t take_signed() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; good_ && shift < 64;) {
            const auto byte = take<unsigned char>();
            value |= std::uint64_t{byte & 0x7fU} << shift;
            shift += 7;
            if ((byte & 0x80) != 0) continue;
            if ((byte & 0x40) != 0 && shift < 64) value |= ~std::uint64_t{0} << shift;
            return static_cast<std::int64_t>(value);
        }
        good_ = false;
        return 0;
    }
    std::uint64_t take_pointer(unsigned char encoding) {
        const std::uint64_t base = (encoding & kFrom) == kRelativeToItself ? address() : 0;
        if ((encoding & kFrom) != kRelativeToItself && (encoding & kFrom) != 0) good_ = false;
        switch (encoding & kFormat) {
            case kAbsolute8:
            case kSigned8:
                return base + take<std::uint64_t>();
            case kUnsigned4:
                return base + take<std::uint32_t>();
            case kSigned4:
                return base + static_cast<std::uint64_t>(std::int64_t{take<std::int32_t>()});
            default:
                good_ = false;
                return 0;
        }
    }
    void skip(std::uint64_t count) {
        if (count > bytes_.size() - at_) {
            good_ = false;
        } else {
            at_ += count;
        }
    }
    std::string_view take_text() {
        const std::size_t begin = at_;
        while (good_ && take<char>() != '\0') {
        }
        if (!good_) return {};
        return {reinterpret_cast<const char*>(&bytes_[begin]), at_ - begin - 1};
    }

private:
    const std::vector<unsigned char>& bytes_;
    std::uint64_t address_;
    std::size_t at_ = 0;
    bool good_ = true;
};

// A record without its length, and where what is left lies.
struct Record {
    std::uint64_t address = 0;
    std::vector<unsigned char> bytes;
};

std::optional<Record> read_record(const Memory& memory, std::uint64_t address) {
    const auto length = memory.read<std::uint32_t>(address);
    if (!length || *length < 8 || *length > kLargestRecord) return std::nullopt;
    Record record{address + sizeof *length, std::vector<unsigned char>(*length)};
    if (!memory.read(record.address, record.bytes.data(), record.bytes.size())) return std::nullopt;
    return record;
}

// What the functions of one common information entry share.
struct Common {
    Record record;
    std::uint64_t code_factor = 1;
    std::int64_t data_factor = 1;
    unsigned char encoding = kAbsolute8;
    bool augmented = false;
    bool signal = false;
    std::size_t program = 0;  // its length from the end
};

std::optional<Common> read_common(const Memory& memory, std::uint64_t address) {
    auto record = read_record(memory, address);
    if (!record) return std::nullopt;
    Common common;
    common.record = std::move(*record);
    Cursor cursor(common.record.bytes, common.record.address);
    if (cursor.take<std::uint32_t>() != 0) return std::nullopt;
    const auto version = cursor.take<unsigned char>();
    const std::string_view augmentation = cursor.take_text();
    common.code_factor = cursor.take_unsigned();
    common.data_factor = cursor.take_signed();
    if (version == 1) {
        cursor.take<unsigned char>();
    } else {
        cursor.take_unsigned();
    }
    if (!augmentation.empty()) {
        if (augmentation.front() != 'z') return std::nullopt;
        common.augmented = true;
        const std::uint64_t length = cursor.take_unsigned();
        const std::uint64_t end = cursor.address() + length;
        for (const char what : augmentation.substr(1)) {
            if (what == 'R') common.encoding = cursor.take<unsigned char>();
            if (what == 'L') cursor.take<unsigned char>();
            if (what == 'S') common.signal = true;
            if (what == 'P') {
                // Only its length counts: where from may be anything.
                const auto encoding = cursor.take<unsigned char>();
                cursor.take_pointer(encoding & kFormat);
            }
        }
        if (!cursor.good() || cursor.address() > end) return std::nullopt;
        cursor.skip(end - cursor.address());
    }
    if (!cursor.good()) return std::nullopt;
    common.program = common.record.address + common.record.bytes.size() - cursor.address();
    return common;
}

struct Description {
    Record record;
    Common common;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::size_t program = 0;  // its length from the end
};

std::optional<Description> read_description(const Memory& memory, std::uint64_t address) {
    auto record = read_record(memory, address);
    if (!record) return std::nullopt;
    Description description;
    description.record = std::move(*record);
    Cursor cursor(description.record.bytes, description.record.address);
    const std::uint64_t at = cursor.address();
    const auto back = cursor.take<std::uint32_t>();
    if (back == 0) return std::nullopt;
    auto common = read_common(memory, at - back);
    if (!common) return std::nullopt;
    description.common = std::move(*common);
    description.begin = cursor.take_pointer(description.common.encoding);
    description.end =
        description.begin + cursor.take_pointer(description.common.encoding & kFormat);
    if (description.common.augmented) cursor.skip(cursor.take_unsigned());
    if (!cursor.good()) return std::nullopt;
    description.program =
        description.record.address + description.record.bytes.size() - cursor.address();
    return description;
}

// The rows of the table, as far as FrameRule goes.
class FrameProgram {
public:
    FrameProgram(const Common& common, std::uint64_t begin, std::uint64_t wanted)
        : common_(common), location_(begin), wanted_(wanted) {}

    // False: it can't be told.
    bool run(const Record& record, std::size_t length) {
        const std::vector<unsigned char> program(
            record.bytes.end() - static_cast<std::ptrdiff_t>(length), record.bytes.end());
        Cursor cursor(program, record.address + record.bytes.size() - length);
        while (!cursor.at_end() && location_ <= wanted_ && good_)
            step(cursor);
        return cursor.good() && good_;
    }
    void keep_initial() { initial_ = row_; }

    bool known() const {
        return row_.known && (row_.base == kStackPointer || row_.base == kFramePointer);
    }
    void fill(FrameRule* rule) const {
        rule->by_frame_pointer = row_.base == kFramePointer;
        rule->size = row_.offset;
        rule->frame_pointer_at = row_.saved;
        rule->return_address_at = arch::kCallPushes
                                      ? std::optional(-std::int64_t{sizeof(std::uint64_t)})
                                      : row_.return_address;
    }

private:
    struct Row {
        bool known = false;
        std::uint64_t base = 0;
        std::int64_t offset = 0;
        std::optional<std::int64_t> saved;  // of the frame pointer
        std::optional<std::int64_t> return_address;
    };

    void save(std::uint64_t which, std::optional<std::int64_t> where) {
        if (which == kFramePointer) row_.saved = where;
        if (which == kReturnAddress) row_.return_address = where;
    }
    void restore(std::uint64_t which) {
        if (which == kFramePointer) row_.saved = initial_.saved;
        if (which == kReturnAddress) row_.return_address = initial_.return_address;
    }
    void advance(std::uint64_t by) { location_ += by * common_.code_factor; }
    std::int64_t factored(std::uint64_t value) const {
        return static_cast<std::int64_t>(value) * common_.data_factor;
    }

    void step(Cursor& cursor) {
        const auto code = cursor.take<unsigned char>();
        const std::uint64_t low = code & 0x3f;
        switch (code >> 6) {
            case 1:  // advance_loc
                advance(low);
                return;
            case 2:  // offset
                save(low, factored(cursor.take_unsigned()));
                return;
            case 3:  // restore
                restore(low);
                return;
            default:
                break;
        }
        switch (code) {
            case 0x00:  // nop
                return;
            case 0x01:  // set_loc
                location_ = cursor.take_pointer(common_.encoding);
                return;
            case 0x02:  // advance_loc1, 2, 4
                advance(cursor.take<std::uint8_t>());
                return;
            case 0x03:
                advance(cursor.take<std::uint16_t>());
                return;
            case 0x04:
                advance(cursor.take<std::uint32_t>());
                return;
            case 0x05: {  // offset_extended
                const std::uint64_t which = cursor.take_unsigned();
                save(which, factored(cursor.take_unsigned()));
                return;
            }
            case 0x06:  // restore_extended
                restore(cursor.take_unsigned());
                return;
            case 0x07:  // undefined, same_value
            case 0x08:
                save(cursor.take_unsigned(), std::nullopt);
                return;
            case 0x09:  // register
                save(cursor.take_unsigned(), std::nullopt);
                cursor.take_unsigned();
                return;
            case 0x0a:  // remember_state
                stack_.push_back(row_);
                return;
            case 0x0b:  // restore_state
                if (stack_.empty()) {
                    good_ = false;
                    return;
                }
                row_ = stack_.back();
                stack_.pop_back();
                return;
            case 0x0c:  // def_cfa
                row_.base = cursor.take_unsigned();
                row_.offset = static_cast<std::int64_t>(cursor.take_unsigned());
                row_.known = true;
                return;
            case 0x0d:  // def_cfa_register
                row_.base = cursor.take_unsigned();
                return;
            case 0x0e:  // def_cfa_offset
                row_.offset = static_cast<std::int64_t>(cursor.take_unsigned());
                return;
            case 0x0f:  // def_cfa_expression
                cursor.skip(cursor.take_unsigned());
                row_.known = false;
                return;
            case 0x10:  // expression, val_expression
            case 0x16:
                save(cursor.take_unsigned(), std::nullopt);
                cursor.skip(cursor.take_unsigned());
                return;
            case 0x11: {  // offset_extended_sf
                const std::uint64_t which = cursor.take_unsigned();
                save(which, cursor.take_signed() * common_.data_factor);
                return;
            }
            case 0x12:  // def_cfa_sf
                row_.base = cursor.take_unsigned();
                row_.offset = cursor.take_signed() * common_.data_factor;
                row_.known = true;
                return;
            case 0x13:  // def_cfa_offset_sf
                row_.offset = cursor.take_signed() * common_.data_factor;
                return;
            case 0x14:  // val_offset
                save(cursor.take_unsigned(), std::nullopt);
                cursor.take_unsigned();
                return;
            case 0x15:  // val_offset_sf
                save(cursor.take_unsigned(), std::nullopt);
                cursor.take_signed();
                return;
            case 0x2d:  // AARCH64_negate_ra_state: the return address is signed (plain_address)
                good_ = good_ && !arch::kCallPushes;
                return;
            case 0x2e:  // GNU_args_size
                cursor.take_unsigned();
                return;
            default:
                good_ = false;
        }
    }

    const Common& common_;
    std::uint64_t location_;
    std::uint64_t wanted_;
    Row row_;
    Row initial_;
    std::vector<Row> stack_;
    bool good_ = true;
};

}  // namespace

std::optional<std::uint64_t> begin_of_record(const Memory& memory, std::uint64_t record) {
    const auto description = read_description(memory, record);
    return description ? std::optional(description->begin) : std::nullopt;
}

std::optional<FrameRule> frame_rule(const Memory& memory, std::uint64_t record,
                                    std::uint64_t address) {
    const auto description = read_description(memory, record);
    if (!description || address < description->begin || address >= description->end) {
        return std::nullopt;
    }
    // The kernel's frame has no return address of its own.
    if (description->common.signal) return std::nullopt;
    FrameRule rule;
    rule.begin = description->begin;
    rule.end = description->end;
    FrameProgram program(description->common, description->begin, address);
    if (!program.run(description->common.record, description->common.program)) return std::nullopt;
    program.keep_initial();
    if (!program.run(description->record, description->program) || !program.known()) {
        return std::nullopt;
    }
    program.fill(&rule);
    return rule;
}

}  // namespace threadfault::observe
