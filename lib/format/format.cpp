#include "format/format.hpp"

#include <fmt/format.h>

namespace threadfault {

std::string format_arguments(fmt::string_view pattern, fmt::format_args arguments) {
    return fmt::vformat(pattern, arguments);
}

}  // namespace threadfault
