// Included after layout(local_size_x = ...): before it gl_WorkGroupSize is silently 1.
// Which element an invocation of a one-dimensional kernel works on. Workgroups lie in rows of 32768 because some drivers
// allow 65535 along an axis; gl_NumWorkGroups is of no use, since a dispatch may be cut into pieces.
#define GROUPS_ALONG_X 32768u
uint linear_index() {
  return (gl_WorkGroupID.y * GROUPS_ALONG_X + gl_WorkGroupID.x) * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
}
