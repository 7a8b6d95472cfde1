// The file that a run of the program and we have mapped (wire/passages.hpp). It is in memory alone,
// and gone with both.
#ifndef THREADFAULT_SWEEP_PASSAGE_FILE_HPP
#define THREADFAULT_SWEEP_PASSAGE_FILE_HPP

#include "base/descriptor.hpp"
#include "wire/passages.hpp"

#include <string>

namespace threadfault::sweep {

class PassageFile {
public:
    explicit PassageFile(const wire::PassageOrder& order);
    ~PassageFile();
    PassageFile(const PassageFile&) = delete;
    PassageFile& operator=(const PassageFile&) = delete;

    // What the program finds it under, as long as we live.
    std::string path() const;
    const wire::Passages& content() const noexcept { return *content_; }
    bool fired() const noexcept {
        return content_->event.fired.load(std::memory_order_acquire) != 0;
    }
    // Open in the programs that we become: for a debugger.
    void keep_open() const noexcept;

private:
    base::Descriptor descriptor_;
    wire::Passages* content_;
};

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_PASSAGE_FILE_HPP
