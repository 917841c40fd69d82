-- The scores of each occupation: how many there are, the median, and other percentiles, by nearest rank.
SELECT title,
       MAX(median_wage) AS median_wage,
       COUNT(*) AS jobs,
       MIN(CASE WHEN place >= 0.25 * of_title THEN score END) AS p25,
       MIN(CASE WHEN place >= 0.50 * of_title THEN score END) AS median,
       MIN(CASE WHEN place >= 0.75 * of_title THEN score END) AS p75,
       MIN(CASE WHEN place >= 0.95 * of_title THEN score END) AS p95
  FROM (SELECT title, median_wage, score,
               ROW_NUMBER() OVER (PARTITION BY title ORDER BY score) AS place,
               COUNT(*) OVER (PARTITION BY title) AS of_title
          FROM job_scores) AS ranked
 GROUP BY title
 ORDER BY title;
