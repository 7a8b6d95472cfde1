#include "format/format.hpp"
#include "scenario/curl_library.hpp"
#include "scenario/match.hpp"
#include "scenario/probe/attempt.hpp"

#include <memory>

namespace threadfault::scenario {
namespace {

constexpr std::size_t kMostBody = std::size_t{256} * 1024;

std::size_t collect(const char* data, std::size_t size, std::size_t count, void* into) {
    auto* const body = static_cast<std::string*>(into);
    if (body->size() < kMostBody) body->append(data, size * count);
    return size * count;
}

// Runs the transfer to its end. Returns why it failed, or "".
std::string transfer(const CurlLibrary& curl, CURLM* multi, TimePoint deadline, const Stop& stop) {
    int running = 1;
    while (true) {
        if (curl.multi_perform(multi, &running) != CURLM_OK) return "libcurl failed";
        if (running == 0) return "";
        curl_waitfd stopped{stop.descriptor(), CURL_WAIT_POLLIN, 0};
        curl.multi_poll(multi, &stopped, 1, poll_timeout(deadline), nullptr);
        if (stopped.revents != 0) return "stopped";
        if (Clock::now() >= deadline) return "no answer in time";
    }
}

Attempt judge(const CurlLibrary& curl, const HttpProbe& probe, CURL* easy,
              const std::string& body) {
    long status = 0;
    curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != probe.status)
        return {false, formatted("status {} instead of {}", status, probe.status)};
    if (!probe.expect.empty() && !find_line(body, Regex(probe.expect)))
        return {false, "unexpected answer"};
    return {true, ""};
}

}  // namespace

Attempt try_http(const HttpProbe& probe, TimePoint deadline, const Stop& stop) {
    const CurlLibrary& curl = curl_library();
    const std::unique_ptr<CURL, decltype(curl.easy_cleanup)> easy(curl.easy_init(),
                                                                  curl.easy_cleanup);
    const std::unique_ptr<CURLM, decltype(curl.multi_cleanup)> multi(curl.multi_init(),
                                                                     curl.multi_cleanup);
    if (!easy || !multi) return {false, "can't initialise libcurl"};
    std::string body;
    char reason[CURL_ERROR_SIZE] = "";
    curl.easy_setopt(easy.get(), CURLOPT_URL, probe.url.c_str());
    curl.easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    // The target itself is asked, whatever proxy this machine uses.
    curl.easy_setopt(easy.get(), CURLOPT_PROXY, "");
    curl.easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy.get(), CURLOPT_FRESH_CONNECT, 1L);
    curl.easy_setopt(easy.get(), CURLOPT_FORBID_REUSE, 1L);
    curl.easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, collect);
    curl.easy_setopt(easy.get(), CURLOPT_WRITEDATA, &body);
    curl.easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, reason);
    curl.multi_add_handle(multi.get(), easy.get());
    Attempt attempt{false, transfer(curl, multi.get(), deadline, stop)};
    if (attempt.why.empty()) {
        int left = 0;
        const CURLMsg* const message = curl.multi_info_read(multi.get(), &left);
        const CURLcode code = message != nullptr ? message->data.result : CURLE_OK;
        attempt = code == CURLE_OK
                      ? judge(curl, probe, easy.get(), body)
                      : Attempt{false, reason[0] != '\0' ? reason : curl.easy_strerror(code)};
    }
    curl.multi_remove_handle(multi.get(), easy.get());
    return attempt;
}

}  // namespace threadfault::scenario
