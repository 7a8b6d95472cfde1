// What belongs to this installation: found beside this library, wherever the tree was moved to.
#ifndef THREADFAULT_HARNESS_INSTALLATION_HPP
#define THREADFAULT_HARNESS_INSTALLATION_HPP

#include <string>
#include <string_view>

namespace threadfault::target {

// Each throws threadfault::Error that says what is missing.

// `given`, else $THREADFAULT_SHIM, else the one of this installation. Where $THREADFAULT_SHIM names
// the basic shim, the points library is the one beside it.
std::string find_shim(const std::string& given, bool points);

// The threadfault command; $THREADFAULT_COMMAND wins.
std::string find_command();

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_INSTALLATION_HPP
