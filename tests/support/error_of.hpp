#ifndef THREADFAULT_TESTS_SUPPORT_ERROR_OF_HPP
#define THREADFAULT_TESTS_SUPPORT_ERROR_OF_HPP

#include "threadfault/error.hpp"

namespace threadfault::test {

// The Error that the call throws.
template <typename Call>
Error error_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    return Error(ErrorCode::internal, "nothing was thrown");
}

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_ERROR_OF_HPP
