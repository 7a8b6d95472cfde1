// What every message begins with.
#ifndef THREADFAULT_WIRE_HEADER_HPP
#define THREADFAULT_WIRE_HEADER_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::wire {

inline constexpr std::uint32_t kMagic = 0x31465454;  // "TTF1" as bytes
inline constexpr std::uint16_t kVersion = 6;         // wire/layout.hpp says when it goes up
inline constexpr std::size_t kMaxMessage = 65'536;   // a larger packet is refused
inline constexpr std::size_t kMaxPathDepth = 16;
inline constexpr std::size_t kMaxFrames = 24;
inline constexpr std::size_t kThreadNameSize = 16;  // TASK_COMM_LEN, with the final NUL
inline constexpr std::size_t kTextSize = 200;

enum class Type : std::uint16_t {
    // requests
    hello = 1,    // Hello            -> hello_reply
    list = 2,     // ListRequest      -> list_reply, repeated by the client until `next` is 0
    fault = 3,    // FaultRequest     -> fault_reply (once, when the outcome is known), and before
                  //                     it frames, where that was asked for
    follow = 4,   // FollowRequest   -> event, one for each that happens from now on
    arm = 5,      // ArmRequest       -> arm_reply
    specs = 6,    // SpecsRequest     -> specs_reply, repeated until `next` is 0
    disarm = 7,   // DisarmRequest    -> disarm_reply
    dead = 8,     // DeadRequest      -> dead_reply
    capture = 9,  // CaptureRequest  -> capture_reply, until all of its threads are answered for
    // replies
    hello_reply = 0x101,
    list_reply = 0x102,
    fault_reply = 0x103,
    event = 0x104,  // EventReply
    arm_reply = 0x105,
    specs_reply = 0x106,
    disarm_reply = 0x107,
    dead_reply = 0x108,
    capture_reply = 0x109,
    frames = 0x10a,  // FramesReply
    error = 0x1ff,   // ErrorReply
};

// Every message begins with one and names its type: kType.
struct Header {
    std::uint32_t magic = kMagic;
    std::uint16_t version = kVersion;
    Type type{};
    std::uint32_t length = 0;   // of the whole message, header included
    std::uint32_t request = 0;  // chosen by the client, echoed in the reply
};

inline Header make_header(Type type, std::size_t length, std::uint32_t request) noexcept {
    Header header;
    header.type = type;
    header.length = static_cast<std::uint32_t>(length);
    header.request = request;
    return header;
}

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_HEADER_HPP
