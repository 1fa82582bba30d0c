META
key;value
description;A top three
num_projects;5
num_votes;10
vote_type;ordinal
min_length;3
max_length;3
PROJECTS
project_id;votes;score;name
1;9;22;First aid
2;9;16;Swimming
3;6;12;Chess
4;4;5;Choir
5;2;4;Cooking
VOTES
voter_id;vote;points
1;1,2,3;3,2,1
2;1,3,2;3,2,1
3;3,1,4;3,2,1
4;2,5,4;3,2,1
5;1,4,2;3,2,1
6;1,3,2;3,2,1
7;5,1,2;3,2,1
8;3,2,1;3,2,1
9;1,2,4;3,2,1
10;2,1,3;3,2,1
