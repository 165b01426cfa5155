# The bitstream, and the archive that holds it and the hardware hand-off.
set root [file normalize [file join [file dirname [info script]] ..]]
source [file join $root tcl common.tcl]

open_project [file join $root project lutdla.xpr]
finish_run impl_1 -to_step write_bitstream
write_hw_platform -fixed -include_bit -force -file [file join $root lutdla.xsa]
close_project
done $root export DIGEST
