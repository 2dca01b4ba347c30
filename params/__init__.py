"""Parameter sets that ship with bandg, one TOML file each (read through ``bandg.resources``)."""
