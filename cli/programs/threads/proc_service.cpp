// What libthread_db asks of its user (<proc_service.h>): memory reads and symbols, nothing that
// stops the process. Registers and writes, which would need ptrace, are refused.
#include "programs/threads/proc_service.hpp"

#include <string_view>

namespace {

constexpr const char* kLibc = "libc.so.6";

}  // namespace

std::optional<std::uint64_t> ps_prochandle::address_of(std::string_view module,
                                                       std::string_view name) {
    if (!module.empty()) {
        if (const auto address = symbols_.address_of(module, name)) return address;
    }
    // Since 2.34 what libthread_db expects in libpthread.so.0 is in libc.
    return module == kLibc ? std::nullopt : symbols_.address_of(kLibc, name);
}

bool ps_prochandle::read(std::uint64_t address, void* buffer, std::size_t length) {
    // The lists change while they are followed, and may lead in a circle for ever.
    if (reads_left_ == 0) return false;
    --reads_left_;
    return memory_.read(address, buffer, length);
}

extern "C" {

ps_err_e ps_pdread(ps_prochandle* process, psaddr_t address, void* buffer, std::size_t length) {
    return process->read(reinterpret_cast<std::uint64_t>(address), buffer, length) ? PS_OK : PS_ERR;
}

ps_err_e ps_pglobal_lookup(ps_prochandle* process, const char* module, const char* name,
                           psaddr_t* address) {
    try {
        const auto found = process->address_of(module != nullptr ? module : "", name);
        if (!found) return PS_NOSYM;
        *address = reinterpret_cast<psaddr_t>(*found);
        return PS_OK;
    } catch (...) {
        return PS_ERR;  // through a C library no exception may pass
    }
}

pid_t ps_getpid(ps_prochandle* process) {
    return process->inner_pid();
}

ps_err_e ps_pdwrite(ps_prochandle*, psaddr_t, const void*, std::size_t) {
    return PS_ERR;
}

ps_err_e ps_lgetregs(ps_prochandle*, lwpid_t, prgregset_t) {
    return PS_ERR;
}

ps_err_e ps_lsetregs(ps_prochandle*, lwpid_t, const prgregset_t) {
    return PS_ERR;
}

ps_err_e ps_lgetfpregs(ps_prochandle*, lwpid_t, prfpregset_t*) {
    return PS_ERR;
}

ps_err_e ps_lsetfpregs(ps_prochandle*, lwpid_t, const prfpregset_t*) {
    return PS_ERR;
}

}  // extern "C"
