// What keys do, and what they ask for.
#include "top/keys.hpp"
#include "pictures.hpp"
#include "top/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

namespace threadfault::cli::top {
namespace {

using base::Fault;
using testing::HasSubstr;

class Keys : public testing::Test {
protected:
    Keys() {
        view.sort = ThreadKey::created;
        draw();
    }
    void draw() { lay_out(picture, view, {24, 80}); }
    Request press(Key key) {
        const Request request = top::press(view, picture, key);
        draw();
        return request;
    }
    Request type(std::string_view text) {
        Request request;
        for (const char letter : text)
            request = press({Key::character, std::string(1, letter)});
        return request;
    }

    Picture picture = server();
    View view;
};

TEST_F(Keys, MoveTheCursor) {
    EXPECT_EQ(view.selected, 4700);
    press({Key::up});
    EXPECT_EQ(view.selected, 4700);
    press({Key::down});
    EXPECT_EQ(view.selected, 4701);
    press({Key::end});
    EXPECT_EQ(view.selected, 4703);
    press({Key::page_down});
    EXPECT_EQ(view.selected, 4703);
    press({Key::home});
    EXPECT_EQ(view.selected, 4700);
}

TEST_F(Keys, AskForFaultsOfTheThreadUnderTheCursor) {
    press({Key::down});
    Request request = type("f");
    EXPECT_EQ(request.kind, Request::inflict);
    EXPECT_EQ(request.fault, Fault::freeze);
    EXPECT_EQ(request.thread.tid, 4701);
    EXPECT_EQ(request.thread.start_ticks, 4701U) << "the same thread, not the same number";
    EXPECT_EQ(type("t").fault, Fault::thaw);
    EXPECT_EQ(type("u").kind, Request::undo_all);
    EXPECT_EQ(type("q").kind, Request::quit);
}

TEST_F(Keys, AKillIsShownFirstAndThenConfirmed) {
    type("k");
    EXPECT_EQ(view.mode, Mode::how);
    press({Key::down});
    press({Key::down});
    const Request asked = press({Key::enter});
    EXPECT_EQ(asked.kind, Request::forecast);
    EXPECT_EQ(asked.fault, Fault::exit);
    // Nobody says yes to what he has not seen.
    EXPECT_EQ(type("y").kind, Request::nothing);
    EXPECT_EQ(view.mode, Mode::forecast);
    view.forecast_is_there = true;
    const Request kill = type("y");
    EXPECT_EQ(kill.kind, Request::inflict);
    EXPECT_EQ(kill.fault, Fault::exit);
    EXPECT_EQ(kill.thread.tid, 4700);
    EXPECT_EQ(view.mode, Mode::normal);
}

TEST_F(Keys, AKillCanBeLeft) {
    for (const Key& leave : {Key{Key::escape}, Key{Key::character, "n"}, Key{Key::enter}}) {
        type("k4");
        EXPECT_EQ(view.mode, Mode::forecast);
        view.forecast_is_there = true;
        EXPECT_EQ(press(leave).kind, Request::nothing);
        EXPECT_EQ(view.mode, Mode::normal);
        EXPECT_EQ(view.notice, "nothing was done");
    }
    type("k");
    press({Key::escape});
    EXPECT_EQ(view.mode, Mode::normal);
    type("k9x");
    EXPECT_EQ(view.mode, Mode::how);
}

TEST_F(Keys, InputIsCheckedBeforeItIsDone) {
    type("s");
    press({Key::backspace});
    press({Key::backspace});
    type("100");
    EXPECT_EQ(press({Key::enter}).kind, Request::nothing);
    EXPECT_THAT(view.notice, HasSubstr("100"));
    EXPECT_EQ(view.input, "100") << "to be put right";
    press({Key::backspace});
    const Request slow = press({Key::enter});
    EXPECT_EQ(slow.fault, Fault::slow);
    EXPECT_EQ(slow.percent, 10U);
    type("gUSR1");
    const Request signal = press({Key::enter});
    EXPECT_EQ(signal.fault, Fault::signal);
    EXPECT_EQ(signal.signal, SIGUSR1);
    type("gq");
    press({Key::escape});
    EXPECT_EQ(view.mode, Mode::normal);
}

TEST_F(Keys, AFilterIsAWordOrASelector) {
    type("/wait");
    press({Key::enter});
    EXPECT_EQ(view.filter, "wait");
    EXPECT_EQ(view.selected, 4702);
    EXPECT_EQ(lines_of(picture, view).size(), 1U);
    type("/");
    EXPECT_EQ(view.input, "wait");
    for (int i = 0; i < 9; ++i)
        press({Key::backspace});
    type("state=R");
    press({Key::enter});
    EXPECT_EQ(view.selected, 4703);
    type("/,");
    press({Key::enter});
    EXPECT_EQ(view.mode, Mode::filter);
    EXPECT_FALSE(view.notice.empty());
    press({Key::escape});
    EXPECT_EQ(view.filter, "state=R") << "as it was";
    // A character of several bytes goes as a whole.
    type("/");
    press({Key::character, "é"});
    press({Key::backspace});
    EXPECT_EQ(view.input, "state=R");
}

TEST_F(Keys, WithoutAnAgentTheyTellWhy) {
    picture.agent = false;
    picture.why = "process 4700 was not started under threadfault";
    for (const char* key : {"f", "t", "k", "s", "g", "u"}) {
        EXPECT_EQ(type(key).kind, Request::nothing) << key;
        EXPECT_EQ(view.mode, Mode::normal) << key;
        EXPECT_THAT(view.notice, HasSubstr("was not started under threadfault")) << key;
    }
    picture.ended = "the process ended";
    type("f");
    EXPECT_EQ(view.notice, "the process has ended");
}

TEST_F(Keys, PagesAndSorting) {
    type("T");
    EXPECT_EQ(view.page, Page::tree);
    EXPECT_EQ(lines_of(picture, view)[2].branch, "│  └─ ");
    type("T");
    EXPECT_EQ(view.page, Page::threads);
    type("L");
    EXPECT_EQ(view.page, Page::locks);
    EXPECT_EQ(type("f").kind, Request::nothing) << "there is no thread under the cursor";
    view.sort = ThreadKey::created;
    type("<");
    EXPECT_EQ(view.sort, ThreadKey::faults);
    EXPECT_EQ(view.page, Page::threads);
    type(">>");
    EXPECT_EQ(view.sort, ThreadKey::tid);
    type("r");
    EXPECT_EQ(lines_of(picture, view).front().id, 4703);
    type("?");
    EXPECT_EQ(view.mode, Mode::help);
    EXPECT_EQ(type("q").kind, Request::nothing);
    EXPECT_EQ(view.mode, Mode::normal);
}

TEST_F(Keys, ChooseATarget) {
    view.page = Page::targets;
    view.selected = 0;
    picture.targets = {{4700, "server", 4}, {4800, "other", 2}};
    draw();
    press({Key::down});
    const Request request = press({Key::enter});
    EXPECT_EQ(request.kind, Request::open);
    EXPECT_EQ(request.thread.tid, 4800);
    EXPECT_EQ(type("k").kind, Request::nothing);
    EXPECT_EQ(view.mode, Mode::normal);
    EXPECT_EQ(type("q").kind, Request::quit);
}

}  // namespace
}  // namespace threadfault::cli::top
