#include "scenario/placeholders.hpp"

#include <array>
#include <utility>

namespace threadfault::scenario {

std::string Placeholders::fill(std::string_view text) const {
    const std::array<std::pair<std::string_view, const std::string*>, 3> all = {
        {{"{port}", &port}, {"{tmp}", &tmp}, {"{dir}", &dir}}};
    std::string filled;
    while (!text.empty()) {
        bool replaced = false;
        for (const auto& [mark, value] : all) {
            if (!text.starts_with(mark)) continue;
            filled += *value;
            text.remove_prefix(mark.size());
            replaced = true;
            break;
        }
        if (replaced) continue;
        filled += text.front();
        text.remove_prefix(1);
    }
    return filled;
}

const Placeholders& sample_placeholders() {
    static const Placeholders samples{.port = "1", .tmp = "/tmp", .dir = "/"};
    return samples;
}

bool mentions(std::string_view text, std::string_view placeholder) {
    return text.find("{" + std::string(placeholder) + "}") != std::string_view::npos;
}

}  // namespace threadfault::scenario
