// The layout of every message, as both ends must have it. A command and a shim of different
// releases meet in every process that was started before an update: with the same version and other
// offsets they would read each other's numbers wrong, without noticing.
#ifndef THREADFAULT_WIRE_LAYOUT_HPP
#define THREADFAULT_WIRE_LAYOUT_HPP

#include "wire/capture.hpp"
#include "wire/events.hpp"
#include "wire/faults.hpp"
#include "wire/header.hpp"
#include "wire/hello.hpp"
#include "wire/specs.hpp"
#include "wire/threads.hpp"

#include <cstddef>
#include <type_traits>

namespace threadfault::wire {

// Change the version when one of these fails: kVersion in wire/header.hpp, and then the numbers
// here. A new meaning of a field that stays where it is asks for the same.
static_assert(kVersion == 6, "what follows is the layout of version 6");

#define THREADFAULT_SIZE(Message, size)                                                     \
    static_assert(sizeof(Message) == (size), "change the version when one of these fails"); \
    static_assert(std::is_trivially_copyable_v<Message> && std::is_standard_layout_v<Message>)
#define THREADFAULT_FIELD(Message, field, offset)       \
    static_assert(offsetof(Message, field) == (offset), \
                  "change the version when one of these fails")

THREADFAULT_SIZE(Header, 16);
THREADFAULT_FIELD(Header, magic, 0);
THREADFAULT_FIELD(Header, version, 4);
THREADFAULT_FIELD(Header, type, 6);
THREADFAULT_FIELD(Header, length, 8);
THREADFAULT_FIELD(Header, request, 12);

THREADFAULT_SIZE(Hello, 16);
THREADFAULT_FIELD(Hello, header, 0);

THREADFAULT_SIZE(HelloReply, 56);
THREADFAULT_FIELD(HelloReply, header, 0);
THREADFAULT_FIELD(HelloReply, pid, 16);
THREADFAULT_FIELD(HelloReply, agent_tid, 20);
THREADFAULT_FIELD(HelloReply, threads, 24);
THREADFAULT_FIELD(HelloReply, signal, 28);
THREADFAULT_FIELD(HelloReply, interrupt_signal, 32);
THREADFAULT_FIELD(HelloReply, capabilities, 36);
THREADFAULT_FIELD(HelloReply, records, 40);
THREADFAULT_FIELD(HelloReply, reserved, 44);
THREADFAULT_FIELD(HelloReply, serials, 48);

THREADFAULT_SIZE(ErrorReply, 224);
THREADFAULT_FIELD(ErrorReply, header, 0);
THREADFAULT_FIELD(ErrorReply, code, 16);
THREADFAULT_FIELD(ErrorReply, agent_version, 20);
THREADFAULT_FIELD(ErrorReply, reserved, 22);
THREADFAULT_FIELD(ErrorReply, text, 24);

THREADFAULT_SIZE(ThreadRecord, 168);
THREADFAULT_FIELD(ThreadRecord, serial, 0);
THREADFAULT_FIELD(ThreadRecord, pthread, 8);
THREADFAULT_FIELD(ThreadRecord, start_routine, 16);
THREADFAULT_FIELD(ThreadRecord, start_argument, 24);
THREADFAULT_FIELD(ThreadRecord, birth_ns, 32);
THREADFAULT_FIELD(ThreadRecord, hold_left_ns, 40);
THREADFAULT_FIELD(ThreadRecord, slow_left_ns, 48);
THREADFAULT_FIELD(ThreadRecord, tid, 56);
THREADFAULT_FIELD(ThreadRecord, creator_tid, 60);
THREADFAULT_FIELD(ThreadRecord, index, 64);
THREADFAULT_FIELD(ThreadRecord, cancel, 68);
THREADFAULT_FIELD(ThreadRecord, flags, 72);
THREADFAULT_FIELD(ThreadRecord, faults, 76);
THREADFAULT_FIELD(ThreadRecord, slow_percent, 80);
THREADFAULT_FIELD(ThreadRecord, depth, 84);
THREADFAULT_FIELD(ThreadRecord, path, 88);
THREADFAULT_FIELD(ThreadRecord, name, 152);

THREADFAULT_SIZE(ListRequest, 224);
THREADFAULT_FIELD(ListRequest, header, 0);
THREADFAULT_FIELD(ListRequest, tid, 16);
THREADFAULT_FIELD(ListRequest, cursor, 20);
THREADFAULT_FIELD(ListRequest, name_glob, 24);

THREADFAULT_SIZE(ListReply, 24);
THREADFAULT_FIELD(ListReply, header, 0);
THREADFAULT_FIELD(ListReply, count, 16);
THREADFAULT_FIELD(ListReply, next, 20);

THREADFAULT_SIZE(FaultRequest, 200);
THREADFAULT_FIELD(FaultRequest, header, 0);
THREADFAULT_FIELD(FaultRequest, fault, 16);
THREADFAULT_FIELD(FaultRequest, tid, 20);
THREADFAULT_FIELD(FaultRequest, serial, 24);
THREADFAULT_FIELD(FaultRequest, flags, 32);
THREADFAULT_FIELD(FaultRequest, signal, 36);
THREADFAULT_FIELD(FaultRequest, value, 40);
THREADFAULT_FIELD(FaultRequest, wait_ns, 48);
THREADFAULT_FIELD(FaultRequest, duration_ns, 56);
THREADFAULT_FIELD(FaultRequest, percent, 64);
THREADFAULT_FIELD(FaultRequest, nice, 68);
THREADFAULT_FIELD(FaultRequest, cpus, 72);

THREADFAULT_SIZE(StackRoom, 16);
THREADFAULT_FIELD(StackRoom, stack, 0);
THREADFAULT_FIELD(StackRoom, left, 4);
THREADFAULT_FIELD(StackRoom, wanted, 8);
THREADFAULT_FIELD(StackRoom, frame, 12);

THREADFAULT_SIZE(FaultReply, 288);
THREADFAULT_FIELD(FaultReply, header, 0);
THREADFAULT_FIELD(FaultReply, outcome, 16);
THREADFAULT_FIELD(FaultReply, reason, 20);
THREADFAULT_FIELD(FaultReply, place, 24);
THREADFAULT_FIELD(FaultReply, cancel, 28);
THREADFAULT_FIELD(FaultReply, tid, 32);
THREADFAULT_FIELD(FaultReply, frames, 36);
THREADFAULT_FIELD(FaultReply, serial, 40);
THREADFAULT_FIELD(FaultReply, took_ns, 48);
THREADFAULT_FIELD(FaultReply, attempts, 56);
THREADFAULT_FIELD(FaultReply, reserved, 60);
THREADFAULT_FIELD(FaultReply, name, 64);
THREADFAULT_FIELD(FaultReply, frame, 80);
THREADFAULT_FIELD(FaultReply, room, 272);

THREADFAULT_SIZE(FramesReply, 24);
THREADFAULT_FIELD(FramesReply, header, 0);
THREADFAULT_FIELD(FramesReply, count, 16);
THREADFAULT_FIELD(FramesReply, reserved, 20);

THREADFAULT_SIZE(CaptureTarget, 16);
THREADFAULT_FIELD(CaptureTarget, serial, 0);
THREADFAULT_FIELD(CaptureTarget, tid, 8);
THREADFAULT_FIELD(CaptureTarget, number, 12);

THREADFAULT_SIZE(CaptureRequest, 1056);
THREADFAULT_FIELD(CaptureRequest, header, 0);
THREADFAULT_FIELD(CaptureRequest, wait_ns, 16);
THREADFAULT_FIELD(CaptureRequest, count, 24);
THREADFAULT_FIELD(CaptureRequest, reserved, 28);
THREADFAULT_FIELD(CaptureRequest, targets, 32);

THREADFAULT_SIZE(CaptureReply, 16);
THREADFAULT_FIELD(CaptureReply, header, 0);

THREADFAULT_SIZE(CaptureRecord, 24 + kRegisters * sizeof(std::uint64_t));
THREADFAULT_FIELD(CaptureRecord, number, 0);
THREADFAULT_FIELD(CaptureRecord, outcome, 4);
THREADFAULT_FIELD(CaptureRecord, reason, 8);
THREADFAULT_FIELD(CaptureRecord, stack_size, 12);
THREADFAULT_FIELD(CaptureRecord, held_ns, 16);
THREADFAULT_FIELD(CaptureRecord, registers, 24);

THREADFAULT_SIZE(FollowRequest, 16);
THREADFAULT_FIELD(FollowRequest, header, 0);

THREADFAULT_SIZE(EventReply, 136);
THREADFAULT_FIELD(EventReply, header, 0);
THREADFAULT_FIELD(EventReply, time_ns, 16);
THREADFAULT_FIELD(EventReply, serial, 24);
THREADFAULT_FIELD(EventReply, lost, 32);
THREADFAULT_FIELD(EventReply, kind, 40);
THREADFAULT_FIELD(EventReply, how, 44);
THREADFAULT_FIELD(EventReply, tid, 48);
THREADFAULT_FIELD(EventReply, depth, 52);
THREADFAULT_FIELD(EventReply, path, 56);
THREADFAULT_FIELD(EventReply, name, 120);

THREADFAULT_SIZE(DeadRequest, 40);
THREADFAULT_FIELD(DeadRequest, header, 0);
THREADFAULT_FIELD(DeadRequest, tid, 16);
THREADFAULT_FIELD(DeadRequest, reserved, 20);
THREADFAULT_FIELD(DeadRequest, waited_begin, 24);
THREADFAULT_FIELD(DeadRequest, waited_end, 32);

THREADFAULT_SIZE(DeadReply, 208);
THREADFAULT_FIELD(DeadReply, header, 0);
THREADFAULT_FIELD(DeadReply, known, 16);
THREADFAULT_FIELD(DeadReply, how, 20);
THREADFAULT_FIELD(DeadReply, ended_ns, 24);
THREADFAULT_FIELD(DeadReply, record, 32);
THREADFAULT_FIELD(DeadReply, waited_on, 200);

THREADFAULT_SIZE(ArmRequest, 1040);
THREADFAULT_FIELD(ArmRequest, header, 0);
THREADFAULT_FIELD(ArmRequest, text, 16);

THREADFAULT_SIZE(ArmReply, 32);
THREADFAULT_FIELD(ArmReply, header, 0);
THREADFAULT_FIELD(ArmReply, outcome, 16);
THREADFAULT_FIELD(ArmReply, id, 20);
THREADFAULT_FIELD(ArmReply, column, 24);
THREADFAULT_FIELD(ArmReply, reserved, 28);

THREADFAULT_SIZE(SpecsRequest, 24);
THREADFAULT_FIELD(SpecsRequest, header, 0);
THREADFAULT_FIELD(SpecsRequest, cursor, 16);
THREADFAULT_FIELD(SpecsRequest, reserved, 20);

THREADFAULT_SIZE(SpecRecord, 1048);
THREADFAULT_FIELD(SpecRecord, matched, 0);
THREADFAULT_FIELD(SpecRecord, injected, 8);
THREADFAULT_FIELD(SpecRecord, id, 16);
THREADFAULT_FIELD(SpecRecord, skipped, 20);
THREADFAULT_FIELD(SpecRecord, text, 24);

THREADFAULT_SIZE(SpecsReply, 24);
THREADFAULT_FIELD(SpecsReply, header, 0);
THREADFAULT_FIELD(SpecsReply, count, 16);
THREADFAULT_FIELD(SpecsReply, next, 20);

THREADFAULT_SIZE(DisarmRequest, 24);
THREADFAULT_FIELD(DisarmRequest, header, 0);
THREADFAULT_FIELD(DisarmRequest, id, 16);
THREADFAULT_FIELD(DisarmRequest, reserved, 20);

THREADFAULT_SIZE(DisarmReply, 24);
THREADFAULT_FIELD(DisarmReply, header, 0);
THREADFAULT_FIELD(DisarmReply, count, 16);
THREADFAULT_FIELD(DisarmReply, reserved, 20);

static_assert(kMaxRecords == 389 && kMaxSpecRecords == 62 && kMaxMessage == 65'536,
              "change the version when one of these fails");

#undef THREADFAULT_FIELD
#undef THREADFAULT_SIZE

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_LAYOUT_HPP
