// The faces of a sweep.
#ifndef THREADFAULT_SWEEP_REPORT_HPP
#define THREADFAULT_SWEEP_REPORT_HPP

#include "sweep/findings.hpp"

#include <string>

namespace threadfault::sweep {

// report.json. `indent`: -1 for one line.
std::string json_report(const Findings& findings, int indent);
std::string junit_report(const Findings& findings);  // junit.xml
std::string html_report(const Findings& findings);  // report.html: nothing is loaded from elsewhere
// For a terminal: the outcomes, the three worst findings, what was not covered.
std::string text_report(const Findings& findings, bool color);

// One experiment, told for a terminal.
std::string story(const Point* point, const Experiment& experiment, const Result& result,
                  bool color);

// The lines around one of a source file; "" where it can't be read.
std::string excerpt(const Frame& frame, int around);

// Writes all three files into the directory. Throws Error{not_written}.
void write_reports(const Findings& findings, const std::string& directory);

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_REPORT_HPP
