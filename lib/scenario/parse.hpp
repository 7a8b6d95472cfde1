// Scenario files (docs/scenarios.md), read and checked as a whole before anything is started.
//
// Errors are Error{usage}: "bad_scenario" with "FILE:LINE:COL: what is wrong" as the message, or
// "no_such_file".
#ifndef THREADFAULT_SCENARIO_PARSE_HPP
#define THREADFAULT_SCENARIO_PARSE_HPP

#include "scenario/model.hpp"
#include "threadfault/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace threadfault::scenario {

// All that is wrong with a file, in the order of its lines; what() is the first one.
class Mistakes : public Error {
public:
    explicit Mistakes(std::vector<std::string> texts)
        : Error(ErrorCode::bad_scenario, texts.front()), texts_(std::move(texts)) {}
    const std::vector<std::string>& texts() const noexcept { return texts_; }

private:
    std::vector<std::string> texts_;
};

Scenario parse_file(const std::string& path);

// `file` is how messages name it; relative paths in it are seen from its directory.
Scenario parse_text(const std::string& file, std::string_view text);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_PARSE_HPP
