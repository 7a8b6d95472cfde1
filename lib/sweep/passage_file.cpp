#include "sweep/passage_file.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace threadfault::sweep {

PassageFile::PassageFile(const wire::PassageOrder& order)
    : descriptor_(memfd_create("threadfault-sweep", MFD_CLOEXEC)) {
    const auto fail = [](const char* what) {
        const std::error_code cause(errno, std::generic_category());
        throw Error(ErrorCode::internal, formatted("{}: {}", what, cause.message()), "", cause);
    };
    if (!descriptor_) fail("memfd_create");
    if (ftruncate(descriptor_.get(), sizeof(wire::Passages)) != 0) fail("ftruncate");
    void* const at = mmap(nullptr, sizeof(wire::Passages), PROT_READ | PROT_WRITE, MAP_SHARED,
                          descriptor_.get(), 0);
    if (at == MAP_FAILED) fail("mmap");
    // Not constructed: it is zeros, and nearly all of it is never touched.
    content_ = static_cast<wire::Passages*>(at);
    content_->magic = wire::kPassagesMagic;
    content_->version = wire::kPassagesVersion;
    content_->order = order;
}

PassageFile::~PassageFile() {
    munmap(content_, sizeof(wire::Passages));
}

std::string PassageFile::path() const {
    return formatted("/proc/{}/fd/{}", getpid(), descriptor_.get());
}

void PassageFile::keep_open() const noexcept {
    fcntl(descriptor_.get(), F_SETFD, 0);
}

}  // namespace threadfault::sweep
