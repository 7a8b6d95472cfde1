// Scenario files.
#include "fuzz.hpp"
#include "scenario/parse.hpp"
#include "threadfault/error.hpp"

using namespace threadfault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        scenario::parse_text("fuzz.toml", fuzz::as_text(data, size));
    } catch (const Error&) {
        return 0;
    }
    return 0;
}
