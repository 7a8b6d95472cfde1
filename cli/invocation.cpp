#include "invocation.hpp"

#include <unistd.h>

namespace threadfault::cli {

Style Invocation::style() const {
    return style_for(color, STDOUT_FILENO);
}

Style Invocation::error_style() const {
    return style_for(color, STDERR_FILENO);
}

}  // namespace threadfault::cli
