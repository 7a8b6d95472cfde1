// Whole numbers out of JSON that somebody else wrote. nlohmann's get<int>() converts whatever
// number is there: 1e300 is undefined behaviour, -1 a large size.
#ifndef THREADFAULT_FORMAT_JSON_NUMBER_HPP
#define THREADFAULT_FORMAT_JSON_NUMBER_HPP

#include <concepts>
#include <cstdint>
#include <utility>

namespace threadfault {

// Throws Json::other_error (a Json::exception) for what is no whole number, or none that an Integer
// holds.
template <std::integral Integer, typename Json>
Integer whole_number(const Json& json) {
    if (json.is_number_unsigned()) {
        const auto number = json.template get<std::uint64_t>();
        if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
    } else if (json.is_number_integer()) {
        const auto number = json.template get<std::int64_t>();
        if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
    }
    throw Json::other_error::create(501, "not a whole number in range", nullptr);
}

}  // namespace threadfault

#endif  // THREADFAULT_FORMAT_JSON_NUMBER_HPP
