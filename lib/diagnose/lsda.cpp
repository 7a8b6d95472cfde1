#include "diagnose/lsda.hpp"

namespace threadfault::diagnose {
namespace {

// DW_EH_PE_*: how a value is stored (low four bits) and what it is relative to (next three).
constexpr unsigned char kOmit = 0xff;
constexpr unsigned char kPcRelative = 0x10;
constexpr unsigned char kIndirect = 0x80;

class Reader {
public:
    Reader(RemoteMemory& memory, std::uint64_t at) : memory_(memory), at_(at) {}
    std::uint64_t at() const noexcept { return at_; }
    bool failed() const noexcept { return failed_; }

    template <typename T>
    T fixed() {
        T value{};
        if (!memory_.read(at_, &value, sizeof value)) failed_ = true;
        at_ += sizeof value;
        return value;
    }
    std::uint64_t uleb() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = fixed<unsigned char>();
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80) == 0 || failed_) return value;
        }
        failed_ = true;
        return 0;
    }
    std::int64_t sleb() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64;) {
            const auto byte = fixed<unsigned char>();
            value |= std::uint64_t{byte & 0x7fU} << shift;
            shift += 7;
            if ((byte & 0x80) != 0 && !failed_) continue;
            if ((byte & 0x40) != 0 && shift < 64) value |= ~std::uint64_t{0} << shift;
            return static_cast<std::int64_t>(value);
        }
        failed_ = true;
        return 0;
    }
    std::uint64_t encoded(unsigned char encoding) {
        const std::uint64_t here = at_;
        std::uint64_t value = 0;
        switch (encoding & 0x0f) {
            case 0x00:
            case 0x04:
            case 0x0c:
                value = fixed<std::uint64_t>();
                break;
            case 0x01:
                value = uleb();
                break;
            case 0x02:
                value = fixed<std::uint16_t>();
                break;
            case 0x03:
                value = fixed<std::uint32_t>();
                break;
            case 0x09:
                value = static_cast<std::uint64_t>(sleb());
                break;
            case 0x0a:
                value = static_cast<std::uint64_t>(std::int64_t{fixed<std::int16_t>()});
                break;
            case 0x0b:
                value = static_cast<std::uint64_t>(std::int64_t{fixed<std::int32_t>()});
                break;
            default:
                failed_ = true;
        }
        if (value != 0 && (encoding & 0x70) == kPcRelative) value += here;
        if (value != 0 && (encoding & kIndirect) != 0) {
            value = Reader(memory_, value).fixed<std::uint64_t>();
        }
        return value;
    }

private:
    RemoteMemory& memory_;
    std::uint64_t at_;
    bool failed_ = false;
};

struct Table {
    std::uint64_t landing_base = 0;
    unsigned char type_encoding = kOmit;
    std::uint64_t types = 0;  // end of the type table: filters count backwards from it
    unsigned char site_encoding = 0;
    std::uint64_t sites = 0;
    std::uint64_t actions = 0;
};

std::size_t size_of(unsigned char encoding) {
    switch (encoding & 0x07) {
        case 0x02:
            return 2;
        case 0x03:
            return 4;
        default:
            return 8;
    }
}

bool read_table(RemoteMemory& memory, const FunctionInfo& function, Table* table) {
    Reader reader(memory, function.lsda);
    const auto start_encoding = reader.fixed<unsigned char>();
    table->landing_base = start_encoding == kOmit ? function.begin : reader.encoded(start_encoding);
    table->type_encoding = reader.fixed<unsigned char>();
    if (table->type_encoding != kOmit) {
        const std::uint64_t distance = reader.uleb();
        table->types = reader.at() + distance;
    }
    table->site_encoding = reader.fixed<unsigned char>();
    const std::uint64_t length = reader.uleb();
    table->sites = reader.at();
    table->actions = table->sites + length;
    return !reader.failed();
}

// Does a handler for this filter take forced unwinding, too?
enum class Takes : std::uint8_t { no, as_all, by_name };

Takes takes_forced_unwind(RemoteMemory& memory, const Table& table, std::int64_t filter) {
    const std::size_t size = size_of(table.type_encoding);
    Reader reader(memory, table.types - static_cast<std::uint64_t>(filter) * size);
    const std::uint64_t type = reader.encoded(table.type_encoding);
    if (reader.failed()) return Takes::no;
    if (type == 0) return Takes::as_all;  // catch (...)
    // std::type_info: a vtable pointer, then the mangled name.
    const std::string name = memory.text(Reader(memory, type + 8).fixed<std::uint64_t>());
    return name.find("__forced_unwind") != std::string::npos ? Takes::by_name : Takes::no;
}

// An empty exception specification: throw(), and noexcept as some compilers write it.
bool is_empty_specification(RemoteMemory& memory, const Table& table, std::int64_t filter) {
    Reader reader(memory, table.types + static_cast<std::uint64_t>(-filter) - 1);
    return reader.uleb() == 0;
}

UnwindEffect follow_actions(RemoteMemory& memory, const Table& table, std::uint64_t action,
                            std::uint64_t pad) {
    if (action == 0) return {OnUnwind::cleans_up, pad};
    std::uint64_t at = table.actions + action - 1;
    bool cleans_up = false;
    bool mixed = false;
    for (int steps = 0; steps < 64; ++steps) {
        Reader reader(memory, at);
        const std::int64_t filter = reader.sleb();
        const std::uint64_t here = reader.at();
        const std::int64_t next = reader.sleb();
        if (reader.failed()) return {OnUnwind::unknown, pad};
        cleans_up = cleans_up || filter == 0;
        mixed = mixed || filter != 0;
        const Takes takes = filter > 0 ? takes_forced_unwind(memory, table, filter) : Takes::no;
        if (takes != Takes::no) {
            return {OnUnwind::catches, pad, takes == Takes::by_name, filter};
        }
        if (filter < 0 && is_empty_specification(memory, table, filter)) {
            return {OnUnwind::terminates, pad};
        }
        if (next == 0) {
            // Without a clean-up among the actions nothing of the landing pad is run.
            if (!cleans_up) return {};
            return {OnUnwind::cleans_up, pad, false, 0, mixed};
        }
        at = here + static_cast<std::uint64_t>(next);
    }
    return {OnUnwind::unknown, pad};
}

}  // namespace

UnwindEffect effect_of_forced_unwind(RemoteMemory& memory, const FunctionInfo& function,
                                     std::uint64_t ip) {
    if (function.lsda == 0 || function.personality == 0) return {};
    Table table;
    if (!read_table(memory, function, &table)) return {OnUnwind::unknown, 0};
    Reader reader(memory, table.sites);
    while (reader.at() < table.actions && !reader.failed()) {
        const std::uint64_t begin = function.begin + reader.encoded(table.site_encoding);
        const std::uint64_t length = reader.encoded(table.site_encoding);
        const std::uint64_t pad = reader.encoded(table.site_encoding);
        const std::uint64_t action = reader.uleb();
        if (ip < begin) break;  // sites are in ascending order
        if (ip >= begin + length) continue;
        if (pad == 0) return {};
        return follow_actions(memory, table, action, table.landing_base + pad);
    }
    if (reader.failed()) return {OnUnwind::unknown, 0};
    return {OnUnwind::not_covered, 0};
}

}  // namespace threadfault::diagnose
