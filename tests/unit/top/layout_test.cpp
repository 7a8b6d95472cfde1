// What stands where on a terminal of any size.
#include "top/layout.hpp"
#include "pictures.hpp"
#include "render/display_width.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace threadfault::cli::top {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// The row that begins with that thread ID; none: the number of rows.
std::size_t row_of(const Grid& grid, pid_t tid) {
    for (std::size_t row = 0; row < grid.size().rows; ++row) {
        if (grid.line(row).find(std::to_string(tid) + " ") < 8 && row > 1) return row;
    }
    return grid.size().rows;
}

Look look_at(const Grid& grid, std::size_t row) {
    return grid.at(row, 10).look;
}

TEST(Layout, OnAUsualTerminal) {
    const Picture picture = server();
    View view;
    const Grid grid = lay_out(picture, view, {24, 80});
    EXPECT_THAT(grid.line(0), StartsWith("threadfault top  4700 server -t 4"));
    EXPECT_THAT(grid.line(0), testing::EndsWith("12:34:56"));
    EXPECT_THAT(grid.line(1), HasSubstr("4 threads, 1 running, CPU 99.2 %; sorted by cpu"));
    EXPECT_THAT(grid.line(2), HasSubstr("TID NAME            S  %CPU PATH"));
    EXPECT_THAT(grid.line(2), HasSubstr("HOLDS"));
    EXPECT_THAT(grid.line(2), Not(HasSubstr("FAULTS")));
    // The busiest first, the others as they were made.
    EXPECT_EQ(row_of(grid, 4703), 3U);
    EXPECT_EQ(row_of(grid, 4701), 4U);
    EXPECT_EQ(row_of(grid, 4700), 5U);
    EXPECT_THAT(grid.line(6), HasSubstr("mutex cache_lock, held by"));
    EXPECT_EQ(grid.line(17), "EVENTS");
    EXPECT_THAT(grid.line(23), HasSubstr("f freeze"));
    EXPECT_EQ(look_at(grid, 3), Look::selected);
}

TEST(Layout, FitsInto80ColumnsWhateverItShows) {
    Picture picture = server();
    picture.agent = false;
    picture.why =
        "process 4700 was not started under threadfault, and more that is to be said of it";
    for (drive::ThreadView& thread : picture.threads) {
        thread.name = "fifteen letters";
        thread.start = "some::name_space::with<template_of, something>::function(int, char)";
        thread.faults = wire::kInForceFreeze | wire::kInForceSlow | wire::kInForceDemote;
    }
    for (const Mode mode : {Mode::normal, Mode::help, Mode::how, Mode::forecast, Mode::filter}) {
        View view;
        view.mode = mode;
        view.forecast = {std::string(300, 'x'), "a fact of several words, " + std::string(70, 'y')};
        view.forecast_is_there = true;
        for (const Size size : {Size{24, 80}, {24, 40}, {10, 20}, {3, 5}, {1, 1}, {50, 200}}) {
            const Grid grid = lay_out(picture, view, size);
            for (std::size_t row = 0; row < size.rows; ++row)
                EXPECT_LE(display_width(grid.line(row)), size.columns) << grid.text();
        }
    }
}

TEST(Layout, ShowsWhatIsWrong) {
    Picture picture = server();
    picture.threads[1].faults = wire::kInForceFreeze;
    add_wait(picture.threads[2], 4690, false);
    View view;
    view.sort = ThreadKey::created;
    const Grid grid = lay_out(picture, view, {24, 120});
    EXPECT_THAT(grid.line(1), HasSubstr("1 with faults"));
    EXPECT_THAT(grid.line(4), HasSubstr("freeze"));
    EXPECT_EQ(look_at(grid, 4), Look::warning);
    EXPECT_THAT(grid.line(5), HasSubstr("held by 4690, which is dead"));
    EXPECT_EQ(look_at(grid, 5), Look::bad);
    EXPECT_EQ(look_at(grid, 6), Look::good);
}

TEST(Layout, SaysWhyThereAreNoFaultsAndHowTheProcessEnded) {
    Picture picture = server();
    picture.agent = false;
    picture.why = "process 4700 was not started under threadfault";
    View view;
    EXPECT_EQ(lay_out(picture, view, {24, 80}).line(2),
              "no faults: process 4700 was not started under threadfault");
    picture.ended = "the process was ended by SIGKILL";
    const Grid grid = lay_out(picture, view, {24, 80});
    EXPECT_EQ(grid.line(2), "the process was ended by SIGKILL; this is its last picture");
    EXPECT_EQ(look_at(grid, 2), Look::bad);
}

TEST(Layout, CountsColumnsAsATerminalDoes) {
    Picture picture = server();
    picture.threads[0].name = "データベース接続管理スレッド";
    picture.threads[1].name = "e\u0301te\u0301";  // marks that sit on another character
    View view;
    view.sort = ThreadKey::created;
    const Grid grid = lay_out(picture, view, {24, 80});
    EXPECT_THAT(grid.line(3), HasSubstr("データベース接… S"));
    EXPECT_THAT(grid.line(4), HasSubstr("e\u0301te\u0301             S"));
    // The second half of a wide character is no cell of its own.
    EXPECT_EQ(grid.at(3, 8).text, "デ");
    EXPECT_EQ(grid.at(3, 9).text, "");
}

TEST(Layout, HostileNamesMoveNoCursor) {
    Picture picture = server();
    picture.command = "a\033[2Jb\nc";
    picture.threads[0].name = "\033]0;x\a\xff";
    View view;
    for (const char byte : lay_out(picture, view, {24, 80}).text())
        EXPECT_TRUE(static_cast<unsigned char>(byte) >= ' ' || byte == '\n');
}

TEST(Layout, ScrollsWithTheCursor) {
    Picture picture = server();
    picture.threads.clear();
    for (pid_t tid = 5000; tid < 5100; ++tid)
        picture.threads.push_back(thread_of(tid, "t", "main/" + std::to_string(tid)));
    View view;
    view.sort = ThreadKey::created;
    view.selected = 5050;
    Grid grid = lay_out(picture, view, {24, 80});
    EXPECT_EQ(look_at(grid, row_of(grid, 5050)), Look::selected);
    // It stays on its thread when others end, and where that was when it ends itself.
    picture.threads.erase(picture.threads.begin(), picture.threads.begin() + 20);
    grid = lay_out(picture, view, {12, 80});
    EXPECT_EQ(look_at(grid, row_of(grid, 5050)), Look::selected);
    picture.threads.erase(picture.threads.begin() + 30);
    grid = lay_out(picture, view, {24, 80});
    EXPECT_EQ(view.selected, 5051);
    picture.threads.resize(2);
    grid = lay_out(picture, view, {24, 80});
    EXPECT_EQ(view.selected, 5021);
    EXPECT_EQ(view.first, 0U);
}

TEST(Layout, LinesAboutLocksAreWhole) {
    Picture picture = server();
    picture.locks = {
        {"mutex cache_lock (0x55d0c8a0, in the server): ORPHANED, its owner 4701 owner "
         "is dead: vanished 3.2 s ago",
         0, Look::bad},
        {"  4702 waiter waits", 4702, Look::bad}};
    View view;
    view.page = Page::locks;
    const Grid grid = lay_out(picture, view, {24, 80});
    EXPECT_EQ(grid.line(2), "WHO WAITS FOR WHOM");
    EXPECT_THAT(grid.line(4), testing::EndsWith("vanished 3.2 s ago"));
    EXPECT_EQ(look_at(grid, 4), Look::bad);
    EXPECT_EQ(grid.line(5), "  4702 waiter waits");
    picture.locks.clear();
    EXPECT_EQ(lay_out(picture, view, {24, 80}).line(3), "no thread waits for another one");
}

TEST(Layout, APictureThatIsPrintedHasNoKeys) {
    Picture picture = server();
    picture.events.push_back({"12:00:00 something", Look::plain});
    View view;
    view.interactive = false;
    const std::string text = lay_out(picture, view, {rows_of(picture, view), 160}).text();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9);
    EXPECT_THAT(text, testing::EndsWith("EVENTS\n12:00:00 something\n"));
    EXPECT_THAT(text, Not(HasSubstr("freeze")));
}

}  // namespace
}  // namespace threadfault::cli::top
