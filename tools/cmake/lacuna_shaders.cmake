# lacuna_shaders(<out> <folder> <function>)
#   Compiles every <folder>/*.comp with glslc, checks each module with spirv-val and sets <out> to the C++ source that
#   defines <function>, as "lacuna::vulkan::shader_library": std::span<const lacuna::vulkan::Shader> of them all. The first line of a shader may name its permutations:
#     // permutations: f32 -DREAL=float; f16 -DREAL=float16_t -DSTORAGE_16
#   which gives <file>_f32 and <file>_f16; without that line there is <file> alone. With --to-khr among a permutation's
#   words the module, written with VK_NV_cooperative_matrix, is rewritten for VK_KHR_cooperative_matrix.

function(lacuna_shader source name)
  set(module "${CMAKE_CURRENT_BINARY_DIR}/shaders/${name}.spv")
  set(words ${ARGN})
  set(rewrite "")
  set(tool "")
  if("--to-khr" IN_LIST words)
    list(REMOVE_ITEM words "--to-khr")
    set(tool spirv_to_khr)
    set(rewrite COMMAND spirv_to_khr "${module}" "${module}")
    # SPIRV-Tools know the extension from 2023.4 on; older ones have seen the module before it was rewritten.
    if(LACUNA_SPIRV_VAL_KNOWS_KHR)
      list(APPEND rewrite COMMAND "${LACUNA_SPIRV_VAL}" --target-env vulkan1.2 "${module}")
    endif()
  endif()
  add_custom_command(OUTPUT "${module}" "${module}.inc"
    COMMAND "${LACUNA_GLSLC}" -O --target-env=vulkan1.2 -Werror -I "${folder}/include" ${words}
      -MD -MF "${module}.d" -MT "${module}" -o "${module}" "${source}"
    COMMAND "${LACUNA_SPIRV_VAL}" --target-env vulkan1.2 "${module}"
    ${rewrite}
    COMMAND "${CMAKE_COMMAND}" -DMODULE=${module} -P "${PROJECT_SOURCE_DIR}/tools/cmake/embed_shader.cmake"
    DEPENDS "${source}" "${PROJECT_SOURCE_DIR}/tools/cmake/embed_shader.cmake" ${tool}
    DEPFILE "${module}.d"
    COMMENT "Shader ${name}" VERBATIM)
  set_property(GLOBAL APPEND PROPERTY lacuna_shader_names "${name}")
endfunction()

function(lacuna_shaders out folder function)
  string(REGEX REPLACE "::[^:]*$" "" namespace "${function}")
  string(REGEX REPLACE "^.*::" "" function "${function}")
  set_property(GLOBAL PROPERTY lacuna_shader_names "")
  execute_process(COMMAND "${LACUNA_SPIRV_VAL}" --version OUTPUT_VARIABLE version ERROR_QUIET)
  string(REGEX MATCH "20[0-9][0-9]\\.[0-9]+" version "${version}")
  set(LACUNA_SPIRV_VAL_KNOWS_KHR OFF)
  if(version VERSION_GREATER_EQUAL "2023.4")
    set(LACUNA_SPIRV_VAL_KNOWS_KHR ON)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.comp")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})  # for the first lines
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    file(STRINGS "${source}" first LIMIT_COUNT 1)
    if(first MATCHES "^// permutations: (.*)$")
      string(REPLACE "\\;" ";" permutations "${CMAKE_MATCH_1}")
      foreach(permutation IN LISTS permutations)
        string(STRIP "${permutation}" permutation)
        separate_arguments(words UNIX_COMMAND "${permutation}")
        list(POP_FRONT words suffix)
        lacuna_shader("${source}" "${name}_${suffix}" ${words})
      endforeach()
    else()
      lacuna_shader("${source}" "${name}")
    endif()
  endforeach()

  get_property(names GLOBAL PROPERTY lacuna_shader_names)
  set(arrays "")
  set(rows "")
  set(includes "")
  foreach(name IN LISTS names)
    string(APPEND arrays "constexpr std::uint32_t k_${name}[] = {\n#include \"shaders/${name}.spv.inc\"\n};\n")
    string(APPEND rows "    Shader{\"${name}\", k_${name}},\n")
    list(APPEND includes "${CMAKE_CURRENT_BINARY_DIR}/shaders/${name}.spv.inc")
  endforeach()
  list(LENGTH names count)
  set(table "${CMAKE_CURRENT_BINARY_DIR}/shader_table.cpp")
  file(CONFIGURE OUTPUT "${table}" @ONLY CONTENT [[
#include "runtime/vulkan/shader_library.h"

#include <array>

namespace @namespace@ {
namespace {

using vulkan::Shader;

@arrays@
constexpr std::array<Shader, @count@> kShaders{
@rows@};

}  // namespace

std::span<const Shader> @function@();
std::span<const Shader> @function@() { return kShaders; }

}  // namespace @namespace@
]])
  set_source_files_properties("${table}" PROPERTIES
    OBJECT_DEPENDS "${includes}" INCLUDE_DIRECTORIES "${CMAKE_CURRENT_BINARY_DIR}")
  set(${out} "${table}" PARENT_SCOPE)
endfunction()
