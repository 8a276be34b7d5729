"""Files, locks, errors, interrupts, provenance: what every room stands on."""
