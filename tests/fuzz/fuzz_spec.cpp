// SPECs, as users write them and as they travel.
#include "fuzz.hpp"
#include "inject/spec.hpp"
#include "threadfault/error.hpp"

#include <cstdlib>

using namespace threadfault;

namespace {

void read(std::string_view text, bool force) {
    try {
        const inject::Spec spec = inject::parse_spec(text, {.force = force, .seed = 7});
        // What was accepted travels: the target reads it again.
        inject::Rule rule;
        inject::Problem problem;
        if (!inject::parse(spec.text.data(), spec.text.size(), &rule, &problem)) std::abort();
        inject::why_skipped(spec.rule);
        inject::fires(spec.rule, 7);
        inject::matches(spec.rule.thread, {});
    } catch (const Error&) {
        // That is what an Error is for.
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    read(text, false);
    read(text, true);
    try {
        inject::parse_on_start(text);
    } catch (const Error&) {
        return 0;
    }
    return 0;
}
