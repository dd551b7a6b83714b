SELECT pair, slot, at, reference, mid FROM ticks WHERE pair = %(pair)s ORDER BY slot DESC LIMIT 1
