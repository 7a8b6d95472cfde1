#include "scenario/curl_library.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <dlfcn.h>

#include <string>

namespace threadfault::scenario {
namespace {

[[noreturn]] void fail(const std::string& why) {
    throw Error(ErrorCode::no_helper, formatted("HTTP probes need libcurl: {}", why),
                "install it (on Debian and Ubuntu: apt-get install libcurl4), or probe with "
                "`command` or `tcp`");
}

void* open_library() {
    // By its ABI, which has been the same since 2006. Debian has it with several TLS libraries.
    for (const char* const name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
        // NODELETE: it may have made threads and exit handlers.
        if (void* const found = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) return found;
    }
    fail(dlerror());
}

template <typename Function>
void load(void* library, const char* name, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(library, name));
    if (*function == nullptr) fail(formatted("the one here lacks {}", name));
}

CurlLibrary load_library() {
    void* const library = open_library();
    decltype(&curl_global_init) global_init = nullptr;
    load(library, "curl_global_init", &global_init);
    CurlLibrary curl{};
    load(library, "curl_easy_cleanup", &curl.easy_cleanup);
    load(library, "curl_easy_getinfo", &curl.easy_getinfo);
    load(library, "curl_easy_init", &curl.easy_init);
    load(library, "curl_easy_setopt", &curl.easy_setopt);
    load(library, "curl_easy_strerror", &curl.easy_strerror);
    load(library, "curl_multi_add_handle", &curl.multi_add_handle);
    load(library, "curl_multi_cleanup", &curl.multi_cleanup);
    load(library, "curl_multi_info_read", &curl.multi_info_read);
    load(library, "curl_multi_init", &curl.multi_init);
    load(library, "curl_multi_perform", &curl.multi_perform);
    load(library, "curl_multi_poll", &curl.multi_poll);
    load(library, "curl_multi_remove_handle", &curl.multi_remove_handle);
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) fail("it can't be initialised");
    return curl;
}

}  // namespace

const CurlLibrary& curl_library() {
    static const CurlLibrary kLibrary = load_library();
    return kLibrary;
}

}  // namespace threadfault::scenario
