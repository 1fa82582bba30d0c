META
key;value
description;Three points for the park
num_projects;4
num_votes;11
vote_type;cumulative
PROJECTS
project_id;votes;score;name
P/1;6;13;Trees
P/2;5;7;Benches
P/3;5;7;A pond
P/4;0;0;A car park
VOTES
voter_id;vote;points
1;P/1;3
2;P/1,P/2;2,1
3;P/2;3
4;P/3;1
5;P/1;2
6;P/3;2
7;P/3,P/1;1,2
8;P/1,P/2,P/3;1,1,1
9;P/2;1
10;P/1;3
11;P/3,P/2;2,1
