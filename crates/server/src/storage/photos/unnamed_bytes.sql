SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM (
    SELECT size FROM blob_senders WHERE device = $1 AND is_named = FALSE
    UNION ALL
    SELECT size FROM uploads
    WHERE device = $1 AND state = 'open' AND expires_at > $2 AND NOT EXISTS (
        SELECT 1 FROM blob_references AS named WHERE named.tenant = uploads.tenant AND named.sha256 = uploads.sha256
    )
) AS unnamed
