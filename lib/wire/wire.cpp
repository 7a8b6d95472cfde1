#include "wire/wire.hpp"

#include <cstring>

namespace threadfault::wire {

std::size_t request_size(Type type) noexcept {
    switch (type) {
        case Type::hello:
            return sizeof(Hello);
        case Type::list:
            return sizeof(ListRequest);
        case Type::fault:
            return sizeof(FaultRequest);
        case Type::follow:
            return sizeof(FollowRequest);
        case Type::arm:
            return sizeof(ArmRequest);
        case Type::specs:
            return sizeof(SpecsRequest);
        case Type::disarm:
            return sizeof(DisarmRequest);
        case Type::dead:
            return sizeof(DeadRequest);
        case Type::capture:
            return sizeof(CaptureRequest);
        default:
            return 0;
    }
}

Check check_request(const void* data, std::size_t length) noexcept {
    Header header;
    if (length < sizeof header || length > kMaxMessage) return Check::malformed;
    std::memcpy(&header, data, sizeof header);
    if (header.magic != kMagic) return Check::bad_magic;
    if (header.version != kVersion) return Check::bad_version;
    const std::size_t expected = request_size(header.type);
    if (expected == 0) return Check::bad_type;
    if (length != expected || header.length != expected) return Check::malformed;
    if (header.type == Type::list) {
        // The glob must end within its field: the matcher reads up to the NUL.
        ListRequest request;
        std::memcpy(&request, data, sizeof request);
        if (std::memchr(request.name_glob, 0, sizeof request.name_glob) == nullptr) {
            return Check::malformed;
        }
    }
    if (header.type == Type::arm) {
        ArmRequest request;
        std::memcpy(&request, data, sizeof request);
        if (std::memchr(request.text, 0, sizeof request.text) == nullptr) return Check::malformed;
    }
    if (header.type == Type::capture) {
        CaptureRequest request;
        std::memcpy(&request, data, sizeof request);
        if (request.count == 0 || request.count > kMostCaptures) return Check::malformed;
    }
    return Check::ok;
}

}  // namespace threadfault::wire
