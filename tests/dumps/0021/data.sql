INSERT INTO employees (id, name, email, connecteam_user_id)
  VALUES (1, 'Ana Álvarez', NULL, '8000000');
INSERT INTO employees (id, name, email, connecteam_user_id)
  VALUES (2, 'Ben Brandt', 'person1@invented.example', '8000037');
INSERT INTO employees (id, name, email, connecteam_user_id)
  VALUES (3, 'Chloé Castillo', 'person2@invented.example', '8000074');
INSERT INTO clock_times (id, employee_id, clock_in, clock_out, total_minutes, is_active, source, created_at, updated_at)
  VALUES (1, 2, '2025-12-01 15:00:00', '2025-12-01 23:00:00', 480, FALSE, 'connecteam', '2026-11-28 23:29:26', '2026-11-28 23:29:26');
INSERT INTO clock_times (id, employee_id, clock_in, clock_out, total_minutes, is_active, source, created_at, updated_at)
  VALUES (2, 1, '2025-12-01 14:00:00', '2025-12-01 22:30:00', 510, FALSE, 'connecteam', '2026-11-28 23:29:26', '2026-11-28 23:29:26');
INSERT INTO clock_times (id, employee_id, clock_in, clock_out, total_minutes, is_active, source, created_at, updated_at)
  VALUES (4, 1, '2025-12-02 14:00:00', '2025-12-02 23:15:00', 555, FALSE, 'connecteam', '2026-11-28 23:29:26', '2026-11-28 23:29:26');
INSERT INTO clock_times (id, employee_id, clock_in, clock_out, total_minutes, is_active, source, created_at, updated_at)
  VALUES (5, 3, '2025-12-04 04:00:00', '2025-12-04 12:00:00', 480, FALSE, 'connecteam', '2026-11-28 23:29:26', '2026-11-28 23:29:26');
INSERT INTO connecteam_sync_users (user_id, first_name, last_name, email, is_archived, is_listed, employee_id, phone)
  VALUES (8000000, 'Ana', 'Álvarez', NULL, 0, 1, 1, '73e43240044bac22 638b16d7c02e870f 319ca37570daff4e');
INSERT INTO connecteam_sync_users (user_id, first_name, last_name, email, is_archived, is_listed, employee_id, phone)
  VALUES (8000037, 'Ben', 'Brandt', 'person1@invented.example', 0, 1, 2, '19ed80e1afb93900 c9a17f227442585f bac273c09de0a62b');
INSERT INTO connecteam_sync_users (user_id, first_name, last_name, email, is_archived, is_listed, employee_id, phone)
  VALUES (8000074, 'Chloé', 'Castillo', 'person2@invented.example', 0, 1, 3, '2200d4bb72668e29 ec093f6d2651152d 6865ea1ad7a45744');
INSERT INTO connecteam_sync_shifts (id, user_id, time_clock_id, start_at, start_timezone, end_at, end_timezone, job_id, sub_job_id, scheduler_shift_id, is_auto_clock_out, upstream_created_at, upstream_modified_at, clock_time_id, applied_employee_id, applied_clock_in, applied_clock_out, is_gone, former_clock_time_id, changed_in_run)
  VALUES ('kept-1', 8000000, 4100001, 1764597600, 'America/Chicago', 1764628500, 'America/Chicago', 'job-1', NULL, NULL, 0, 1764597600, NULL, 2, 1, 1764597600, 1764628200, 0, NULL, 2);
INSERT INTO connecteam_sync_shifts (id, user_id, time_clock_id, start_at, start_timezone, end_at, end_timezone, job_id, sub_job_id, scheduler_shift_id, is_auto_clock_out, upstream_created_at, upstream_modified_at, clock_time_id, applied_employee_id, applied_clock_in, applied_clock_out, is_gone, former_clock_time_id, changed_in_run)
  VALUES ('kept-2', 8000037, 4100001, 1764601200, 'America/Chicago', 1764630000, 'America/Chicago', 'job-1', NULL, NULL, 0, 1764601200, NULL, 1, 2, 1764601200, 1764630000, 0, NULL, 1);
INSERT INTO connecteam_sync_shifts (id, user_id, time_clock_id, start_at, start_timezone, end_at, end_timezone, job_id, sub_job_id, scheduler_shift_id, is_auto_clock_out, upstream_created_at, upstream_modified_at, clock_time_id, applied_employee_id, applied_clock_in, applied_clock_out, is_gone, former_clock_time_id, changed_in_run)
  VALUES ('kept-3', 8000000, 4100001, 1764684000, 'America/Chicago', 1764717300, 'America/Chicago', 'job-1', NULL, NULL, 0, 1764684000, NULL, 4, 1, 1764684000, 1764717300, 0, NULL, 2);
INSERT INTO connecteam_sync_shifts (id, user_id, time_clock_id, start_at, start_timezone, end_at, end_timezone, job_id, sub_job_id, scheduler_shift_id, is_auto_clock_out, upstream_created_at, upstream_modified_at, clock_time_id, applied_employee_id, applied_clock_in, applied_clock_out, is_gone, former_clock_time_id, changed_in_run)
  VALUES ('kept-4', 8000037, 4100001, 1764687600, 'America/Chicago', 1764716400, 'America/Chicago', 'job-1', NULL, NULL, 0, 1764687600, NULL, NULL, NULL, NULL, NULL, 1, 3, 2);
INSERT INTO connecteam_sync_shifts (id, user_id, time_clock_id, start_at, start_timezone, end_at, end_timezone, job_id, sub_job_id, scheduler_shift_id, is_auto_clock_out, upstream_created_at, upstream_modified_at, clock_time_id, applied_employee_id, applied_clock_in, applied_clock_out, is_gone, former_clock_time_id, changed_in_run)
  VALUES ('kept-5', 8000074, 4100001, 1764820800, 'America/Chicago', 1764849600, 'America/Chicago', 'job-1', NULL, NULL, 0, 1764820800, NULL, 5, 3, 1764820800, 1764849600, 0, NULL, 1);
INSERT INTO connecteam_sync_breaks (id, user_id, time_clock_id, break_type_id, start_at, start_timezone, end_at, end_timezone, is_auto_clock_out, upstream_created_at, upstream_modified_at, is_gone)
  VALUES ('kept-break', 8000000, 4100001, 'a1b2c3d4-lunch', 1764698400, 'America/Chicago', 1764700200, 'America/Chicago', 0, 1764698400, NULL, 0);
INSERT INTO connecteam_sync_runs (id, kind, first_day, last_day, timezone, version, host, started_at, finished_at, undoes, statements, http_calls, asked_by, trigger_kind)
  VALUES (1, 'sync', '2025-12-01', '2025-12-11', 'America/Chicago', '0.2.0', 'vm', 1795908566, 1795908566, NULL, 44, 5, 'Ana', 'person');
INSERT INTO connecteam_sync_runs (id, kind, first_day, last_day, timezone, version, host, started_at, finished_at, undoes, statements, http_calls, asked_by, trigger_kind)
  VALUES (2, 'sync', '2025-12-01', '2025-12-11', 'America/Chicago', '0.2.0', 'vm', 1795908566, 1795908566, NULL, 41, 3, NULL, NULL);
INSERT INTO connecteam_sync_runs (id, kind, first_day, last_day, timezone, version, host, started_at, finished_at, undoes, statements, http_calls, asked_by, trigger_kind)
  VALUES (3, 'sync', '2025-12-01', '2025-12-11', 'America/Chicago', '0.2.0', 'vm', 1795908567, 1795908567, NULL, 50, 3, NULL, NULL);
INSERT INTO connecteam_sync_runs (id, kind, first_day, last_day, timezone, version, host, started_at, finished_at, undoes, statements, http_calls, asked_by, trigger_kind)
  VALUES (4, 'sync', '2025-12-01', '2025-12-11', 'America/Chicago', '0.2.0', 'vm', 1795908567, 1795908567, NULL, 13, 3, NULL, NULL);
INSERT INTO connecteam_sync_slices (id, run_id, time_clock_id, first_day, last_day, status, receipt, employees)
  VALUES (1, 1, 4100001, '2025-12-01', '2025-12-11', 'applied', '{"time_clock_id":4100001,"window":{"first":"2025-12-01","last":"2025-12-11","timezone":"America/Chicago"},"status":"applied","counts":{"total_shifts":5,"created":5,"updated":0,"unchanged":0,"deleted":0,"held":0,"linked":0},"minutes":{"before":0,"after":2460},"holds":[],"fingerprint":"7aefd56fcbbe26c0","stopped":[],"note":null,"error":null,"error_name":null,"next_step":null,"exit_code":0,"retryable":false,"rows":[],"result":null}', '{"made":[{"id":1,"user_id":8000000,"name":"Ana Álvarez","email":null},{"id":2,"user_id":8000037,"name":"Ben Brandt","email":"person1@invented.example"},{"id":3,"user_id":8000074,"name":"Chloé Castillo","email":"person2@invented.example"}],"removed":[],"renamed":[]}');
INSERT INTO connecteam_sync_slices (id, run_id, time_clock_id, first_day, last_day, status, receipt, employees)
  VALUES (2, 2, 4100001, '2025-12-01', '2025-12-11', 'applied', '{"time_clock_id":4100001,"window":{"first":"2025-12-01","last":"2025-12-11","timezone":"America/Chicago"},"status":"applied","counts":{"total_shifts":4,"created":0,"updated":1,"unchanged":2,"deleted":1,"held":1,"linked":0},"minutes":{"before":2460,"after":2025},"holds":[{"reason":"locked_day","subject":"shift:kept-1","detail":"Mon 1 Dec 2025 is locked for payroll: clock-out 16:30 -> 16:35 (+0:05 h) is not written","shift_id":"kept-1","user_id":8000000,"clock_time_id":2,"employee_id":1,"instant":1764597600,"minutes":5,"time_clock_id":null,"acknowledged":false,"change":{"kind":"update","before":{"id":2,"employee_id":1,"clock_in":1764597600,"clock_out":1764628200,"total_minutes":510,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"after":{"id":2,"employee_id":1,"clock_in":1764597600,"clock_out":1764628500,"total_minutes":515,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"shift_id":"kept-1","user_id":8000000,"days":["2025-12-01","2025-12-01"],"why":"clock-out corrected"}}],"fingerprint":"9311eb2ed7da492c","stopped":[],"note":null,"error":null,"error_name":null,"next_step":null,"exit_code":0,"retryable":false,"rows":[],"result":null}', NULL);
INSERT INTO connecteam_sync_slices (id, run_id, time_clock_id, first_day, last_day, status, receipt, employees)
  VALUES (3, 3, 4100001, '2025-12-01', '2025-12-11', 'nothing', '{"time_clock_id":4100001,"window":{"first":"2025-12-01","last":"2025-12-11","timezone":"America/Chicago"},"status":"nothing","counts":{"total_shifts":4,"created":0,"updated":0,"unchanged":3,"deleted":0,"held":1,"linked":0},"minutes":{"before":2025,"after":2025},"holds":[{"reason":"locked_day","subject":"shift:kept-1","detail":"Mon 1 Dec 2025 is locked for payroll: clock-out 16:30 -> 16:35 (+0:05 h) is not written","shift_id":"kept-1","user_id":8000000,"clock_time_id":2,"employee_id":1,"instant":1764597600,"minutes":5,"time_clock_id":null,"acknowledged":true,"change":{"kind":"update","before":{"id":2,"employee_id":1,"clock_in":1764597600,"clock_out":1764628200,"total_minutes":510,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"after":{"id":2,"employee_id":1,"clock_in":1764597600,"clock_out":1764628500,"total_minutes":515,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"shift_id":"kept-1","user_id":8000000,"days":["2025-12-01","2025-12-01"],"why":"clock-out corrected"}}],"fingerprint":"1dcaa5c480dbd788","stopped":[],"note":null,"error":null,"error_name":null,"next_step":null,"exit_code":0,"retryable":false,"rows":[],"result":null}', NULL);
INSERT INTO connecteam_sync_slices (id, run_id, time_clock_id, first_day, last_day, status, receipt, employees)
  VALUES (4, 4, 4100001, '2025-12-01', '2025-12-11', 'nothing', '{"time_clock_id":4100001,"window":{"first":"2025-12-01","last":"2025-12-11","timezone":"America/Chicago"},"status":"nothing","counts":{"total_shifts":4,"created":0,"updated":0,"unchanged":3,"deleted":0,"held":1,"linked":0},"minutes":{"before":2025,"after":2025},"holds":[{"reason":"locked_day","subject":"shift:kept-1","detail":"Mon 1 Dec 2025 is locked for payroll: clock-out 16:30 -> 16:35 (+0:05 h) is not written","shift_id":"kept-1","user_id":8000000,"clock_time_id":2,"employee_id":1,"instant":1764597600,"minutes":5,"time_clock_id":null,"acknowledged":true,"change":{"kind":"update","before":{"id":2,"employee_id":1,"clock_in":1764597600,"clock_out":1764628200,"total_minutes":510,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"after":{"id":2,"employee_id":1,"clock_in":1764597600,"clock_out":1764628500,"total_minutes":515,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"shift_id":"kept-1","user_id":8000000,"days":["2025-12-01","2025-12-01"],"why":"clock-out corrected"}}],"fingerprint":"1dcaa5c480dbd788","stopped":[],"note":null,"error":null,"error_name":null,"next_step":null,"exit_code":0,"retryable":false,"rows":[],"result":null}', NULL);
INSERT INTO connecteam_sync_inputs (time_clock_id, first_day, last_day, slice_id, inputs, first_instant, last_instant, digest, first_key, last_key, people)
  VALUES (4100001, '2025-12-01', '2025-12-11', 3, 'b323b823bf0a2a133a79a4b0417a5575a10a8cba36478eb9cbeb2410565bb0a3', 1764396000, 1765692000, 'b6aa418ef05c9609181e3f8e78430caab0a80d33f5e756d39857ab7345dedccd', NULL, NULL, '["4fbb1dacff7859c470a9bc1cd879f6d90067ef6db45edc1e6f461968cecdfa85","165212adcded7d337aaad038f0c6b3919df386d35032dd20ccb54add74b59ace",[[8000037,2,1,480,"CzVYP4KNpPmEA30u","U6XPdLvobNhtKSLU",[]],[8000074,3,1,480,"BnJjPnyN4tSKhUs5","f342Q6fPmJmLmSDa",[]]]]');
INSERT INTO connecteam_sync_changes (id, run_id, at, kind, clock_time_id, shift_id, employee_id, previous_employee_id, first_day, last_day, why, change_json, row_before, row_after, memory_before)
  VALUES (1, 1, 1795908566, 'create', 1, 'kept-2', 2, NULL, '2025-12-01', '2025-12-01', 'new shift', '{"after":{"id":1,"employee_id":2,"clock_in":1764601200,"clock_out":1764630000,"total_minutes":480,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"user_id":8000037}', NULL, '{"id":1,"employee_id":2,"clock_in":"2025-12-01 15:00:00","clock_out":"2025-12-01 23:00:00","total_minutes":480,"is_active":0,"source":"connecteam","created_at":"2026-11-28 23:29:26","updated_at":"2026-11-28 23:29:26"}', '{"kept-2":null}');
INSERT INTO connecteam_sync_changes (id, run_id, at, kind, clock_time_id, shift_id, employee_id, previous_employee_id, first_day, last_day, why, change_json, row_before, row_after, memory_before)
  VALUES (2, 1, 1795908566, 'create', 2, 'kept-1', 1, NULL, '2025-12-01', '2025-12-01', 'new shift', '{"after":{"id":2,"employee_id":1,"clock_in":1764597600,"clock_out":1764628200,"total_minutes":510,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"user_id":8000000}', NULL, '{"id":2,"employee_id":1,"clock_in":"2025-12-01 14:00:00","clock_out":"2025-12-01 22:30:00","total_minutes":510,"is_active":0,"source":"connecteam","created_at":"2026-11-28 23:29:26","updated_at":"2026-11-28 23:29:26"}', '{"kept-1":null}');
INSERT INTO connecteam_sync_changes (id, run_id, at, kind, clock_time_id, shift_id, employee_id, previous_employee_id, first_day, last_day, why, change_json, row_before, row_after, memory_before)
  VALUES (3, 1, 1795908566, 'create', 3, 'kept-4', 2, NULL, '2025-12-02', '2025-12-02', 'new shift', '{"after":{"id":3,"employee_id":2,"clock_in":1764687600,"clock_out":1764716400,"total_minutes":480,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"user_id":8000037}', NULL, '{"id":3,"employee_id":2,"clock_in":"2025-12-02 15:00:00","clock_out":"2025-12-02 23:00:00","total_minutes":480,"is_active":0,"source":"connecteam","created_at":"2026-11-28 23:29:26","updated_at":"2026-11-28 23:29:26"}', '{"kept-4":null}');
INSERT INTO connecteam_sync_changes (id, run_id, at, kind, clock_time_id, shift_id, employee_id, previous_employee_id, first_day, last_day, why, change_json, row_before, row_after, memory_before)
  VALUES (4, 1, 1795908566, 'create', 4, 'kept-3', 1, NULL, '2025-12-02', '2025-12-02', 'new shift', '{"after":{"id":4,"employee_id":1,"clock_in":1764684000,"clock_out":1764714600,"total_minutes":510,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"user_id":8000000}', NULL, '{"id":4,"employee_id":1,"clock_in":"2025-12-02 14:00:00","clock_out":"2025-12-02 22:30:00","total_minutes":510,"is_active":0,"source":"connecteam","created_at":"2026-11-28 23:29:26","updated_at":"2026-11-28 23:29:26"}', '{"kept-3":null}');
INSERT INTO connecteam_sync_changes (id, run_id, at, kind, clock_time_id, shift_id, employee_id, previous_employee_id, first_day, last_day, why, change_json, row_before, row_after, memory_before)
  VALUES (5, 1, 1795908566, 'create', 5, 'kept-5', 3, NULL, '2025-12-03', '2025-12-04', 'new shift', '{"after":{"id":5,"employee_id":3,"clock_in":1764820800,"clock_out":1764849600,"total_minutes":480,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"user_id":8000074}', NULL, '{"id":5,"employee_id":3,"clock_in":"2025-12-04 04:00:00","clock_out":"2025-12-04 12:00:00","total_minutes":480,"is_active":0,"source":"connecteam","created_at":"2026-11-28 23:29:26","updated_at":"2026-11-28 23:29:26"}', '{"kept-5":null}');
INSERT INTO connecteam_sync_changes (id, run_id, at, kind, clock_time_id, shift_id, employee_id, previous_employee_id, first_day, last_day, why, change_json, row_before, row_after, memory_before)
  VALUES (6, 2, 1795908566, 'update', 4, 'kept-3', 1, 1, '2025-12-02', '2025-12-02', 'clock-out corrected', '{"before":{"id":4,"employee_id":1,"clock_in":1764684000,"clock_out":1764714600,"total_minutes":510,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"after":{"id":4,"employee_id":1,"clock_in":1764684000,"clock_out":1764717300,"total_minutes":555,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"user_id":8000000}', '{"id":4,"employee_id":1,"clock_in":"2025-12-02 14:00:00","clock_out":"2025-12-02 22:30:00","total_minutes":510,"is_active":0,"source":"connecteam","created_at":"2026-11-28 23:29:26","updated_at":"2026-11-28 23:29:26"}', '{"id":4,"employee_id":1,"clock_in":"2025-12-02 14:00:00","clock_out":"2025-12-02 23:15:00","total_minutes":555,"is_active":0,"source":"connecteam","created_at":"2026-11-28 23:29:26","updated_at":"2026-11-28 23:29:26"}', '{"kept-3":{"shift":{"id":"kept-3","user_id":8000000,"time_clock_id":4100001,"start":1764684000,"start_timezone":"America/Chicago","end":1764714600,"end_timezone":"America/Chicago","job_id":"job-1","sub_job_id":null,"scheduler_shift_id":null,"is_auto_clock_out":false,"created_at":1764684000,"modified_at":null},"clock_time_id":4,"applied":{"employee_id":1,"clock_in":1764684000,"clock_out":1764714600},"is_gone":false,"former_clock_time_id":null}}');
INSERT INTO connecteam_sync_changes (id, run_id, at, kind, clock_time_id, shift_id, employee_id, previous_employee_id, first_day, last_day, why, change_json, row_before, row_after, memory_before)
  VALUES (7, 2, 1795908566, 'delete', 3, 'kept-4', 2, 2, '2025-12-02', '2025-12-02', 'no longer on this day in Connecteam', '{"before":{"id":3,"employee_id":2,"clock_in":1764687600,"clock_out":1764716400,"total_minutes":480,"is_active":false,"source":"connecteam","job":null,"break_minutes":null,"net_minutes":null},"user_id":8000037}', '{"id":3,"employee_id":2,"clock_in":"2025-12-02 15:00:00","clock_out":"2025-12-02 23:00:00","total_minutes":480,"is_active":0,"source":"connecteam","created_at":"2026-11-28 23:29:26","updated_at":"2026-11-28 23:29:26"}', NULL, '{"kept-4":{"shift":{"id":"kept-4","user_id":8000037,"time_clock_id":4100001,"start":1764687600,"start_timezone":"America/Chicago","end":1764716400,"end_timezone":"America/Chicago","job_id":"job-1","sub_job_id":null,"scheduler_shift_id":null,"is_auto_clock_out":false,"created_at":1764687600,"modified_at":null},"clock_time_id":3,"applied":{"employee_id":2,"clock_in":1764687600,"clock_out":1764716400},"is_gone":false,"former_clock_time_id":null}}');
INSERT INTO connecteam_sync_holds (id, time_clock_id, reason, subject, detail, shift_id, user_id, clock_time_id, employee_id, instant, minutes, first_day, last_day, first_run, first_seen, resolved_run, acknowledged_at, acknowledged_by, acknowledged_reason)
  VALUES (1, 4100001, 'locked_day', 'shift:kept-1', 'Mon 1 Dec 2025 is locked for payroll: clock-out 16:30 -> 16:35 (+0:05 h) is not written', 'kept-1', 8000000, 2, 1, 1764597600, 5, '2025-12-01', '2025-12-11', 2, 1795908566, NULL, 1795908567, 'Ana', 'told payroll');
INSERT INTO connecteam_sync_locked_days (day, timezone, locked_at, event_id)
  VALUES ('2025-12-01', 'America/Chicago', 1795908566, 1);
INSERT INTO connecteam_sync_lock_events (id, kind, at, actor, reason, days, anyway, verified, source, people)
  VALUES (1, 'lock', 1795908566, 'root', 'payroll', '[["2025-12-01","2025-12-01","America/Chicago"]]', 1, '{"differences":1,"holds":0,"open":0,"failed":0,"shifts":2,"minutes":995,"wrong":["Mon 1 Dec 2025 08:00, Ana Álvarez: differs from Connecteam: clock-out 16:30 -> 16:35 (+0:05 h)"]}', NULL, NULL);
INSERT INTO connecteam_sync_adoptions (run_id, had_key, indexes, backup_table, backup_rows, backup_checksum)
  VALUES (1, 0, '[]', NULL, 0, 'c0ffee');
INSERT INTO connecteam_sync_references (id, run_id, table_name, column_name, row_key, from_id, to_id)
  VALUES (1, 1, 'payslip_lines', 'clock_time_id', '[7]', 901, 902);
INSERT INTO connecteam_sync_account (id, at, run_id, actor, what, company_id, company_name, region, timezone, time_clocks, known_by, key_salt, key_digest)
  VALUES (1, 1795908566, 1, NULL, 'first', '9000001', 'Invented Logistics', 'local', 'America/Chicago', '[4100001]', 'company', '7ba11f98df3bacf5b702eca7e3dc9e90', '737b7b61ed9c65518d7f38b7562be4ce');
INSERT INTO connecteam_sync_vouches (id, time_clock_id, at, actor, reason, withdrawn_at, withdrawn_by)
  VALUES (1, 4100003, 1764900000, 'Ana', 'the old depot is empty', NULL, NULL);
INSERT INTO connecteam_sync_clocks (time_clock_id, name, state, cadence, next_due, days_wanted, lease_token, lease_until, last_look, last_good, last_change, failures, successes, last_error, paused_at, paused_by, paused_reason, cadence_why)
  VALUES (4100001, 'Warehouse', 'paused', 300, 1764600000, '[["2025-12-01","2025-12-02"]]', NULL, 0, NULL, NULL, NULL, 0, 3, NULL, 1764590000, 'ann', 'stocktaking', NULL);
INSERT INTO connecteam_sync_days (day, timezone, first_instant, last_instant)
  VALUES ('2025-12-01', 'America/Chicago', 1764568800, 1764655199);
INSERT INTO connecteam_sync_break_types (time_clock_id, id, name, is_paid, minutes, is_listed, seen_at)
  VALUES (4100001, 'a1b2c3d4-lunch', 'Lunch', 0, 30, 1, 1795908566);
INSERT INTO connecteam_sync_break_types (time_clock_id, id, name, is_paid, minutes, is_listed, seen_at)
  VALUES (4100001, 'a1b2c3d4-rest', 'Rest', 1, 10, 1, 1795908566);
INSERT INTO connecteam_sync_break_types (time_clock_id, id, name, is_paid, minutes, is_listed, seen_at)
  VALUES (4100001, 'kept-type', 'Lunch', 0, 30, 1, 1764600000);
INSERT INTO connecteam_sync_jobs (id, parent_id, name, code, is_deleted, is_listed, seen_at)
  VALUES ('kept-job', NULL, 'Picking', 'PICK', 0, 1, 1795837612);
INSERT INTO connecteam_sync_proofs (day, timezone, proven_at, run_id, exit_code, seen_change)
  VALUES ('2025-11-30', 'America/Chicago', 1764600000, 1, 0, 1);
INSERT INTO connecteam_sync_quiet_looks (time_clock_id, day, timezone, first_at, last_at, looks, http_calls, newest_run, newest_receipt)
  VALUES (4100001, '2025-11-01', 'America/Chicago', 1761970000, 1762050000, 280, 280, 1, '{}');
INSERT INTO connecteam_sync_assignments (user_id, asked_at, time_clocks)
  VALUES (101, 1764600000, '[4100001]');
INSERT INTO connecteam_sync_service (name, value, at)
  VALUES ('kept', 'by a service', 1764600000);
INSERT INTO connecteam_sync_service (name, value, at)
  VALUES ('webhook_token', '"C2J20CmIrfKaGWLMwzdp8r2M1ESy9JPi"', 1795908566);
INSERT INTO connecteam_sync_doorbells (bell_key, number, state, kind, event_type, time_clock_id, activity_id, user_id, event_at, starts_at, ends_at, received_at, deliveries, fitted, look_at, look_token, looks, heard_at, run_id, found)
  VALUES ('kept-bell', 1, 'heard', 'shift', 'clock_in', 4100001, 'shift-1', 101, 1764600000, NULL, NULL, 1764600001, 2, 'secret', NULL, NULL, 1, 1764600012, 1, 'change');
INSERT INTO connecteam_sync_announced (change_id, time_clock_id, shift_id, kind, at, is_announced)
  VALUES (1, 4100001, 'shift-1', 'create', 1764600012, 1);
INSERT INTO connecteam_sync_looks (time_clock_id, first_look, last_look, last_good, fresh, looks, bad, good, bad_since, trouble_since, error)
  VALUES (4100001, 1764600000, 1764600600, 1764600300, 1764600300, 3, 1, 0, 1764600600, NULL, '{"name":"unavailable"}');
INSERT INTO connecteam_sync_alerts (name, state, number, began_at, changed_at, is_counted, good, looks, message, next_step, told)
  VALUES ('mirror_stale', 'well', 1, 1764600000, 1764603600, 1, 3, 7, 'no good look', 'connecteam-sync doctor', '{}');
INSERT INTO connecteam_sync_console_users (name_key, name, role, secret_hash, made_at, changed_at, generation)
  VALUES ('ana', 'Ana', 'operator', '$argon2id$kept', 1764600000, 1764600000, 1);
INSERT INTO connecteam_sync_audit (id, at, by_whom, trigger_kind, action, subject, detail, run_id)
  VALUES (1, 1764600000, 'Ana', 'person', 'sync', '2025-12-01', '', 1);
INSERT INTO connecteam_sync_kept_plans (fingerprint, made_at, made_by, state, run_id, plan)
  VALUES ('kept-plan', 1764600000, 'Ana', 'applied', 1, '{}');
INSERT INTO connecteam_sync_timesheets (user_id, day, timezone, time_clock_id, minutes, run_id, seen_at)
  VALUES (101, '2025-12-01', 'America/Chicago', 4100001, 480, 1, 1764600000);
INSERT INTO connecteam_sync_periods (first_day, timezone, last_day, state, changed_at, event_id)
  VALUES ('2025-11-17', 'America/Chicago', '2025-11-30', 'closed', 1764600000, 1);
INSERT INTO connecteam_sync_period_events (id, first_day, last_day, timezone, kind, at, actor, reason, anyway, checked)
  VALUES (1, '2025-11-17', '2025-11-30', 'America/Chicago', 'close', 1764600000, 'Ana', 'paid', 0, '{}');
INSERT INTO connecteam_sync_person_locks (day, timezone, source, time_clock_id, user_id, locked_at, event_id)
  VALUES ('2025-11-30', 'America/Chicago', 'connecteam_lock', 4100001, 101, 1764600000, 1);
INSERT INTO connecteam_sync_corrections (id, employee_id, user_id, time_clock_id, subject, shift_id, clock_time_id, day, timezone, kind, minutes_before, minutes_after, delta_minutes, content, edited_at, seen_at, run_id, cause, state, effective_first_day, effective_last_day, export_id, counter_of, decided_at, decided_by, reason)
  VALUES (1, 1, 8000000, 4100001, 'shift:kept-1', 'kept-1', 2, '2025-12-01', 'America/Chicago', 'changed', 510, 515, 5, '{"before":{"clock_in":1764597600,"clock_out":1764628200},"after":{"clock_in":1764597600,"clock_out":1764628500}}', NULL, 1795908566, 2, 'clock-out corrected', 'pending', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO connecteam_sync_corrections (id, employee_id, user_id, time_clock_id, subject, shift_id, clock_time_id, day, timezone, kind, minutes_before, minutes_after, delta_minutes, content, edited_at, seen_at, run_id, cause, state, effective_first_day, effective_last_day, export_id, counter_of, decided_at, decided_by, reason)
  VALUES (2, 1, 101, 4100001, 'shift:kept-9', 'kept-9', 901, '2025-11-30', 'America/Chicago', 'changed', 480, 510, 30, '{}', NULL, 1764600000, 1, 'clock-out corrected', 'pending', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO connecteam_sync_exports (id, first_day, last_day, timezone, format, at, actor, file_name, file_hash, file_lines, minutes, corrections, replaces, reason)
  VALUES (1, '2025-11-17', '2025-11-30', 'America/Chicago', 'csv', 1764600000, 'Ana', 'hours.csv', 'c0ffee', 3, 1440, '[]', NULL, '');
INSERT INTO connecteam_sync_certificates (id, first_day, last_day, timezone, at, actor, payload, payload_hash, signature, public_key, previous_hash, mismatch)
  VALUES (1, '2025-11-17', '2025-11-30', 'America/Chicago', 1764600000, 'Ana', '{}', 'c0ffee', 'signed', 'ssh-ed25519 key', NULL, NULL);
INSERT INTO connecteam_sync_purges (id, first_day, last_day, timezone, with_rows, state, begun_at, done_at, actor, counts, first_entry, last_entry)
  VALUES (1, '2021-01-01', '2021-12-31', 'America/Chicago', 1, 'done', 1764600000, 1764600060, 'Ana', '{"entries":3}', 1, 3);
INSERT INTO connecteam_sync_legal_holds (id, employee_id, at, actor, reason, released_at, released_by, released_reason)
  VALUES (1, 1, 1764600000, 'Ana', 'a lawsuit', 1764603600, 'Ben', 'settled');
INSERT INTO connecteam_sync_erasures (id, employee_id, at, actor, counts)
  VALUES (1, 2, 1764600000, 'Ana', '{"users":1,"receipts":2,"holds":0}');
INSERT INTO connecteam_sync_guard (id, made_employees, probed, place)
  VALUES (1, 1, '84b50b10b4e7e367991af5f5d622b11909977e19391da00e6b9233e3e6c69ec5', 'clock_times');
INSERT INTO connecteam_sync_version (version_num)
  VALUES ('0021');
