# What CPack has installed for the package → where Debian 12 wants it.
set(root ${CPACK_TEMPORARY_DIRECTORY})
set(doc ${root}/usr/share/doc/chatload)
set(source ${CMAKE_CURRENT_LIST_DIR}/..)

# The text of the license is in `copyright`.
file(REMOVE ${doc}/LICENSE)
configure_file(${source}/packaging/debian/copyright ${doc}/copyright COPYONLY)
configure_file(${source}/packaging/debian/changelog ${doc}/changelog COPYONLY)
execute_process(COMMAND gzip -9n ${doc}/changelog ${root}/usr/share/man/man1/chatload.1 COMMAND_ERROR_IS_FATAL ANY)
file(MAKE_DIRECTORY ${root}/lib)
file(RENAME ${root}/usr/lib/systemd ${root}/lib/systemd)
file(REMOVE_RECURSE ${root}/usr/lib)
