module meltemi/bench/load

go 1.25
