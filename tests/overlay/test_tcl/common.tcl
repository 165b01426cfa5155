# What all steps use. Runs in Vivado 2020.2 to 2025.2: no version of an IP is named, board files are optional.

proc say {message} { puts "INFO: \[lutdla 1-1\] $message" }

proc fail {message} {
    puts "ERROR: \[lutdla 1-2\] $message"
    exit 1
}

# The one object that a query finds; `what` names it in the message.
proc one {what objects} {
    if {[llength $objects] != 1} { fail "$what: found [llength $objects], there must be one" }
    return $objects
}

# An IP of the newest version in the catalogue; `instead` where the catalogue does not have it.
proc add_cell {name ip {instead ""}} {
    set found [get_ipdefs -quiet $ip:*]
    if {[llength $found]} {
        return [create_bd_cell -type ip -vlnv [get_property VLNV [lindex [lsort -dictionary $found] end]] $name]
    }
    if {$instead eq ""} { fail "the IP catalogue of Vivado [version -short] has no $ip, which is $name" }
    say "$name: $instead takes the place of $ip"
    return [create_bd_cell -type inline_hdl -vlnv $instead $name]
}

# Set parameters of a cell and look whether they are what was asked; a list of name and value.
proc configure {name values} {
    set cell [get_bd_cells $name]
    set settings {}
    foreach {parameter value} $values { lappend settings CONFIG.$parameter $value }
    set_property -dict $settings $cell
    foreach {parameter value} $values {
        set found [get_property CONFIG.$parameter $cell]
        if {![same $found $value]} {
            puts "CRITICAL WARNING: \[lutdla 1-3\] $name: $parameter is '$found', '$value' was asked for"
        }
    }
}

proc same {found value} {
    if {$found eq $value} { return 1 }
    if {![string is double -strict $found] || ![string is double -strict $value]} { return 0 }
    return [expr {abs($found - $value) <= 0.001 * abs($value)}]
}

# A wire from a driver to some pins.
proc wire {driver args} {
    set pins [list [one "pin $driver" [get_bd_pins -quiet $driver]]]
    foreach pin $args { lappend pins [one "pin $pin" [get_bd_pins -quiet $pin]] }
    connect_bd_net {*}$pins
}

# A bus from a master to a slave.
proc bus {master slave} {
    connect_bd_intf_net [one "interface $master" [get_bd_intf_pins -quiet $master]] \
        [one "interface $slave" [get_bd_intf_pins -quiet $slave]]
}

# An interface that leaves the device; block automation may have made it already.
proc leave {name interface vlnv} {
    if {[llength [get_bd_intf_ports -quiet $name]]} { return }
    set port [create_bd_intf_port -mode Master -vlnv $vlnv $name]
    connect_bd_intf_net [one "interface $interface" [get_bd_intf_pins -quiet $interface]] $port
}

# Where a master finds registers.
proc place_registers {space segment base size} {
    assign_bd_address -offset $base -range $size \
        -target_address_space [one "address space $space" [get_bd_addr_spaces -quiet $space]] \
        [one "segment $segment" [get_bd_addr_segs -quiet $segment]] -force
}

# Where a master finds DDR: as much as there is, `most` at most; Vivado knows only what a board file tells it. A range is a
# power of two: of 6 GiB, 4 are reached.
proc place_memory {space segment base most optional} {
    set found [get_bd_addr_segs -quiet $segment]
    if {$optional && ![llength $found]} { return }
    set size [get_property RANGE [one "segment $segment" $found]]
    if {$size > $most} { set size $most }
    set range 1
    while {2 * $range <= $size} { set range [expr {2 * $range}] }
    assign_bd_address -offset $base -range $range -target_address_space [get_bd_addr_spaces $space] $found -force
}

# What a master must not reach, where it is there at all.
proc hide {space segment} {
    set found [get_bd_addr_segs -quiet $segment]
    if {[llength $found]} { exclude_bd_addr_seg -target_address_space [get_bd_addr_spaces $space] $found }
}

# Run and wait. A run that did not end well leaves no doubt about it.
proc finish_run {run args} {
    set jobs [expr {[info exists ::env(LUTDLA_JOBS)] ? $::env(LUTDLA_JOBS) : 2}]
    launch_runs $run {*}$args -jobs $jobs
    wait_on_run $run
    set status [get_property STATUS [get_runs $run]]
    if {[get_property PROGRESS [get_runs $run]] ne "100%" || [string match "*ERROR*" $status]} {
        fail "$run ended as '$status': its log is [file join [get_property DIRECTORY [get_runs $run]] runme.log]"
    }
    say "$run: $status"
}

# The step is done: written at the very end, so that a step which stopped on its way is run again.
proc done {root step digest} {
    file mkdir [file join $root done]
    set stamp [open [file join $root done $step] w]
    puts $stamp $digest
    close $stamp
    say "$step is done"
}
