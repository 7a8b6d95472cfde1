#include "preload/agent/list.hpp"

#include "base/glob.hpp"
#include "preload/agent/keeper.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/registry/registry.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

bool is_wanted(const wire::ListRequest& request, const wire::ThreadRecord& record) noexcept {
    if (request.tid != 0 && record.tid != request.tid) return false;
    return request.name_glob[0] == '\0' || base::glob_match(request.name_glob, record.name);
}

// Each costs a system call: of those that a client is about to choose from.
void note_unjoined(const wire::ListRequest& request, wire::ThreadRecord* records,
                   std::uint32_t count) noexcept {
    constexpr std::uint32_t kMost = 16;
    const bool chosen = request.tid != 0 || request.name_glob[0] != '\0';
    if (!chosen || count > kMost || has_own_filter()) return;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (is_unjoined(records[i].pthread, records[i].tid))
            records[i].flags |= wire::kThreadUnjoined;
    }
}

}  // namespace

std::size_t fill_list(const wire::ListRequest& request, std::uint32_t number, char* out,
                      std::size_t size) noexcept {
    const std::uint32_t limit = record_limit();
    std::uint32_t id = request.cursor == 0 ? 1 : request.cursor;
    wire::ListReply reply;
    std::size_t used = sizeof reply;
    for (; id < limit && used + sizeof(wire::ThreadRecord) <= size; ++id) {
        const Record* const record = record_at(id);
        wire::ThreadRecord seen;
        if (record == nullptr || !copy_record(*record, &seen) || !is_wanted(request, seen)) {
            continue;
        }
        std::memcpy(out + used, &seen, sizeof seen);
        used += sizeof seen;
        ++reply.count;
    }
    auto* const records = reinterpret_cast<wire::ThreadRecord*>(out + sizeof reply);
    learn_cancel_words(records, reply.count);
    note_unjoined(request, records, reply.count);
    reply.next = id < limit ? id : 0;
    if (reply.next == 0 && request.name_glob[0] == '\0') {
        const auto room = static_cast<unsigned>((size - used) / sizeof(wire::ThreadRecord));
        const unsigned more = keeper.list_unregistered(records + reply.count, room, request.tid);
        reply.count += more;
        used += more * sizeof(wire::ThreadRecord);
    }
    reply.header = wire::make_header(wire::Type::list_reply, used, number);
    std::memcpy(out, &reply, sizeof reply);
    return used;
}

}  // namespace threadfault::shim
