// The agent's end of the wire: what a client may send.
#include "fuzz.hpp"
#include "inject/rule.hpp"
#include "wire/check.hpp"
#include "wire/wire.hpp"

#include <cstdlib>

using namespace threadfault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (wire::check_request(data, size) != wire::Check::ok) return 0;
    wire::Header header;
    std::memcpy(&header, data, sizeof header);
    // The agent copies that much out of the packet.
    if (wire::request_size(header.type) > size) std::abort();
    if (header.type != wire::Type::arm) return 0;
    wire::ArmRequest request;
    std::memcpy(&request, data, sizeof request);
    inject::Rule rule;
    inject::Problem problem;
    const std::size_t length = std::strlen(request.text);
    if (!inject::parse(request.text, length, &rule, &problem) &&
        (problem.column == 0 || problem.column - 1 + problem.length > length)) {
        std::abort();  // the message would quote what is not there
    }
    return 0;
}
