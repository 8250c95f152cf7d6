SELECT write_id, operator_name, device_name, authorship
FROM versions
WHERE tenant = ?1 AND write_id IN rarray(?2)
