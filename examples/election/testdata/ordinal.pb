META
key;value
description;A top three
num_projects;5
num_votes;5
vote_type;ordinal
min_length;3
max_length;3
PROJECTS
project_id;votes;score;name
1;4;11;First aid
2;4;7;Swimming
3;3;6;Chess
4;3;4;Choir
5;1;2;Cooking
VOTES
voter_id;vote;points
1;1,2,3;3,2,1
2;1,3,2;3,2,1
3;3,1,4;3,2,1
4;2,5,4;3,2,1
5;1,4,2;3,2,1
