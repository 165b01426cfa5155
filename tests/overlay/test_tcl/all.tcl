# All steps in one go, where `lutdla build` itself cannot run: vivado -mode batch -source tcl/all.tcl
set here [file dirname [file normalize [info script]]]
source [file join $here 1_project.tcl]
source [file join $here 2_synthesis.tcl]
source [file join $here 3_implementation.tcl]
source [file join $here 4_export.tcl]
