"""Mirror the Connecteam time clock into the SQL table clock_times."""
