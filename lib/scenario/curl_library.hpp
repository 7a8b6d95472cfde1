// libcurl, loaded when the first scenario with an HTTP probe is read: whoever has none runs all
// others, and one archive runs on every distribution.
#ifndef THREADFAULT_SCENARIO_CURL_LIBRARY_HPP
#define THREADFAULT_SCENARIO_CURL_LIBRARY_HPP

#include <curl/curl.h>

namespace threadfault::scenario {

struct CurlLibrary {
    decltype(&curl_easy_cleanup) easy_cleanup;
    decltype(&curl_easy_getinfo) easy_getinfo;
    decltype(&curl_easy_init) easy_init;
    decltype(&curl_easy_setopt) easy_setopt;
    decltype(&curl_easy_strerror) easy_strerror;
    decltype(&curl_multi_add_handle) multi_add_handle;
    decltype(&curl_multi_cleanup) multi_cleanup;
    decltype(&curl_multi_info_read) multi_info_read;
    decltype(&curl_multi_init) multi_init;
    decltype(&curl_multi_perform) multi_perform;
    decltype(&curl_multi_poll) multi_poll;
    decltype(&curl_multi_remove_handle) multi_remove_handle;
};

// Initialised. Throws Error{no_helper} where this machine has none that is new enough. Thread-safe.
const CurlLibrary& curl_library();

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_CURL_LIBRARY_HPP
