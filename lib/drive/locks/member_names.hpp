// "cache.mutex" for "cache+0x28": which member of a global variable lies at an address. A symbol
// table does not know; what is not there, the program that has libdw is asked, if it is installed.
#ifndef THREADFAULT_DRIVE_LOCKS_MEMBER_NAMES_HPP
#define THREADFAULT_DRIVE_LOCKS_MEMBER_NAMES_HPP

#include "drive/locks/lock_graph.hpp"
#include "drive/threads/thread_view.hpp"

#include <vector>

namespace threadfault::drive {

// Of those of this process. Fills in Lock::declared, too. Asks when a lock lies in a global.
void name_members(const observe::Process& process, std::vector<Lock>& locks);

// Of what the threads wait for and hold. Asks when that is a part of a larger global: it takes some
// ten milliseconds.
void name_members(const observe::Process& process, std::vector<ThreadView>& threads);

// Of what they hold, from the start: where the list was made without Needs::symbols. Most threads
// hold nothing that is known, and then nothing is looked up.
void name_holdings(const observe::Process& process, std::vector<ThreadView>& threads);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_MEMBER_NAMES_HPP
