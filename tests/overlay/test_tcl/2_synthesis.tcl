# Synthesis, and what it takes of the part.
set root [file normalize [file join [file dirname [info script]] ..]]
source [file join $root tcl common.tcl]
file mkdir [file join $root reports]

open_project [file join $root project lutdla.xpr]
reset_run synth_1
finish_run synth_1
open_run synth_1 -name synth_1
report_utilization -file [file join $root reports synthesis_utilization.rpt]
close_project
done $root synthesis DIGEST
