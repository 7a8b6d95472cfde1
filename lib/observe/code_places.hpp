// Internal to lib/observe: what is known of a place in a process's code.
#ifndef THREADFAULT_OBSERVE_CODE_PLACES_HPP
#define THREADFAULT_OBSERVE_CODE_PLACES_HPP

#include "observe/call_instruction.hpp"
#include "observe/elf_symbols.hpp"
#include "observe/exported_symbols.hpp"
#include "observe/import_names.hpp"
#include "observe/loaded_modules.hpp"
#include "observe/module_file.hpp"
#include "observe/unwind_rules.hpp"
#include "observe/wait_calls.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace threadfault::observe {

// Of an instruction that a thread is at, or that a call returns to.
struct CodePlace {
    bool known = false;  // in a module
    bool libc = false;
    std::string function;             // exported, or of a static program's table; "" unknown
    const WaitCall* waits = nullptr;  // the function, where it is one of those
    std::optional<FrameRule> rule;
    // A place that is returned to: what the call instruction before it calls.
    bool after_call = false;
    std::string callee;  // by name; "" unknown
    const WaitCall* callee_waits = nullptr;
    std::uint64_t callee_begin = 0;  // where it leads, when that is in the same module
    std::uint64_t argument = 0;      // the first one, where it is a constant; 0 unknown
};

// Not thread-safe. Modules are read when first asked for.
class CodePlaces {
public:
    // Without names: no function's and no callee's, and so no waits; to find frames they are not
    // needed, and reading them takes most of the time.
    enum class Names : bool { without, with };
    CodePlaces(const Process& process, const Memory& memory, Names names = Names::with);

    // Of a list that has just been read, which is not read again then. Before any other call.
    void know(std::vector<LoadedModule> modules);

    // `returned_to`: the function is that of the call before it.
    const CodePlace& at(std::uint64_t address, bool returned_to);
    // The function there by any table of its file, demangled and without parameters; "" unknown.
    const std::string& full_name(std::uint64_t address);
    // As CodePlace::function, also where places have no names.
    std::string function_at(std::uint64_t address);
    // The file's name of the library that it lies in; "" for the program's own code.
    std::string_view library_of(std::uint64_t address);
    // Of libc's exported symbols.
    std::optional<std::uint64_t> address_in_libc(std::string_view name);

private:
    struct Module {
        LoadedModule loaded;
        bool libc = false;
        bool exports_read = false;
        ExportedSymbols exported;  // empty for a static program
        bool opened = false;
        std::optional<ElfFile> file;
        ElfSymbols all;
        bool rules_ready = false;
        UnwindRules rules;
    };

    void load();
    Module* module_of(std::uint64_t address);
    const ExportedSymbols& exported(Module& module);
    const ElfSymbols& all(Module& module);  // of its file
    UnwindRules& rules(Module& module);
    CodePlace look(std::uint64_t address, bool returned_to);
    void find_callee(std::uint64_t address, Module& module, CodePlace* place);
    std::uint64_t argument_before(std::uint64_t call_address) const;
    std::string function_at(Module& module, std::uint64_t address);
    // The call that goes on by a jump in libc's nameless function that begins there; nullptr: none,
    // or calls of several kinds.
    const WaitCall* call_that_jumps_to(Module& module, std::uint64_t begin);
    void follow_jumps(Module& module);
    void follow_jumps_of(const WaitCall& call, std::uint64_t address, std::uint64_t size);

    const Process& process_;
    const Memory memory_;  // remembers
    const Names named_;
    std::unique_ptr<ModuleFiles> files_;  // from the first file on
    ImportNames imports_;
    bool loaded_ = false;
    bool static_program_ = false;
    std::vector<std::unique_ptr<Module>> modules_;
    bool jumps_followed_ = false;
    std::unordered_map<std::uint64_t, const WaitCall*> jumped_to_;  // nullptr: of several kinds
    std::unordered_map<std::uint64_t, CodePlace> places_;
    std::unordered_map<std::uint64_t, CodePlace> returns_;
    std::unordered_map<std::uint64_t, std::string> names_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_CODE_PLACES_HPP
