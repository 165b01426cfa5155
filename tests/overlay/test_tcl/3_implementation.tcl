# Place and route, and whether the clock is met.
set root [file normalize [file join [file dirname [info script]] ..]]
source [file join $root tcl common.tcl]
file mkdir [file join $root reports]

open_project [file join $root project lutdla.xpr]
reset_run impl_1
finish_run impl_1
open_run impl_1
report_utilization -file [file join $root reports utilization.rpt]
report_timing_summary -file [file join $root reports timing.rpt]
report_drc -file [file join $root reports drc.rpt]
report_power -file [file join $root reports power.rpt]

foreach kind {setup hold} {
    set paths [get_timing_paths -max_paths 1 -nworst 1 -$kind]
    if {![llength $paths]} { fail "no $kind path has a clock: reports/timing.rpt" }
    set slack [get_property SLACK [lindex $paths 0]]
    say "worst $kind slack: $slack ns at 100.0 MHz"
    if {$slack < 0 && $kind eq "setup"} {
        set reachable [expr {floor(1000.0 / (10.0 - $slack))}]
        fail "timing is not met: worst setup slack is $slack ns at 100.0 MHz: build with --clock-mhz $reachable"
    }
    if {$slack < 0} { fail "timing is not met: worst hold slack is $slack ns: reports/timing.rpt names the path" }
}
close_project
done $root implementation DIGEST
