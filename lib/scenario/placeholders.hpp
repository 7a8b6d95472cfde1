// What stands for something that is only known when a test runs.
#ifndef THREADFAULT_SCENARIO_PLACEHOLDERS_HPP
#define THREADFAULT_SCENARIO_PLACEHOLDERS_HPP

#include <string>
#include <string_view>

namespace threadfault::scenario {

struct Placeholders {
    std::string port;  // {port}: a free TCP port, the same one in the whole test
    std::string tmp;   // {tmp}: an empty directory, removed after the test
    std::string dir;   // {dir}: the directory of the scenario file

    std::string fill(std::string_view text) const;
};

// Values that are good for checking what a text will be.
const Placeholders& sample_placeholders();

// Is the text in need of that placeholder ("port")?
bool mentions(std::string_view text, std::string_view placeholder);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_PLACEHOLDERS_HPP
