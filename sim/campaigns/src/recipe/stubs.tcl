# Vivado's commands as far as recipes use them: each call is written to $env(CALLS), a line a call, words between tabs.
# A command or an option that is not here is an error.

set calls [open $env(CALLS) w]
fconfigure $calls -buffering line
array set properties {}

proc call {args} {
    puts $::calls [join $args \t]
}

# Checks options: those of `flags` stand alone, those of `valued` take a word. Returns the other words.
proc words {command flags valued arguments} {
    set rest {}
    for {set at 0} {$at < [llength $arguments]} {incr at} {
        set word [lindex $arguments $at]
        if {![string match {-[a-z]*} $word]} {
            lappend rest $word
        } elseif {$word in $valued} {
            incr at
            if {$at >= [llength $arguments]} {
                error "$command: $word needs a value"
            }
        } elseif {$word ni $flags} {
            error "$command has no option $word"
        }
    }
    return $rest
}

proc stub {command flags valued} {
    proc $command {args} "words $command {$flags} {$valued} \$args; call $command {*}\$args"
}

stub create_project {-in_memory} {-part}
stub create_ip {-force} {-vendor -library -name -version -module_name -dir}
stub generate_target {} {}
stub synth_ip {} {}
stub synth_design {} {-top -part -flatten_hierarchy -shreg_min_size -generic}
stub write_checkpoint {-force} {}
stub opt_design {} {}
stub place_design {} {-directive}
stub phys_opt_design {} {-directive}
stub route_design {} {-directive}
stub report_timing_summary {-report_unconstrained} {-delay_type -max_paths -file}
stub report_clock_utilization {} {-file}
stub report_utilization {-hierarchical -slr} {-file}
stub report_methodology {} {-file}
stub report_drc {} {-file}
stub report_power {} {-file}
stub write_bitstream {-force} {}
stub write_cfgmem {-force} {-format -size -interface -loadbit -file}
stub create_clock {} {-period -name}
stub create_pblock {} {}
stub resize_pblock {} {-add}
stub add_cells_to_pblock {} {}

proc set_false_path {args} {
    words set_false_path {} {-from -to} $args
    call set_false_path {*}$args
}

# Objects are their own names.
foreach command {get_ips get_ports get_cells get_pblocks get_files} {
    proc $command {{name *}} "call $command \$name; return \$name"
}
proc current_project {} {return project}
proc current_design {} {return design}
proc get_timing_paths {args} {
    words get_timing_paths {} {-delay_type -max_paths} $args
    return path_[dict get $args -delay_type]
}

proc set_property {args} {
    if {[lindex $args 0] eq "-dict"} {
        lassign $args - pairs object
    } else {
        lassign $args name value object
        set pairs [list $name $value]
    }
    foreach {name value} $pairs {
        set ::properties($object,$name) $value
        call set_property $name $value $object
    }
}
proc get_property {name object} {
    if {$name eq "SLACK"} {
        return $::env(SLACK)
    }
    return $::properties($object,$name)
}

proc report_route_status {args} {
    words report_route_status {} {-boolean_check -file} $args
    call report_route_status {*}$args
    return $::env(ROUTED)
}

proc read_verilog {file} {
    if {![file exists $file]} {
        error "there is no $file"
    }
    call read_verilog $file
}
# Constraints are Tcl as well.
proc read_xdc {file} {
    call read_xdc $file
    uplevel #0 [list source $file]
}

# Commands that do not exist are not looked for as programs either.
proc unknown {command args} {
    error "unknown command $command"
}

set script [lindex $argv 0]
set argv [lrange $argv 1 end]
set argv0 $script
source $script
