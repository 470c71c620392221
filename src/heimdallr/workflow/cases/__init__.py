"""One case in the hands of a worker: its stages, its folder, its reports, its ending."""
