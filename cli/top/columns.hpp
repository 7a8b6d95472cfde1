// The columns of the threads: which there is room for, and how wide each is.
#ifndef THREADFAULT_CLI_TOP_COLUMNS_HPP
#define THREADFAULT_CLI_TOP_COLUMNS_HPP

#include "render/threads.hpp"
#include "top/view.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace threadfault::cli::top {

struct Column {
    ThreadKey key{};
    std::string_view title;
    std::size_t width = 0;
    bool right = false;  // numbers
};

// For these lines, within that width: what says least is left out first.
std::vector<Column> columns_for(const Picture& picture, const View& view,
                                std::span<const Line> lines, const ThreadNames& names,
                                std::size_t width);

std::string cell_text(ThreadKey key, const Line& line, const ThreadNames& names);

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_COLUMNS_HPP
